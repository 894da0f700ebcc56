// The server's steps of relief (PROTOCOL.md) in the words that a page has for them. Pure.
import type { MessageKey } from '../i18n';

const THUMBNAILS = ['slow-thumbnails', 'no-thumbnails'];
const PICTURES = ['low-stage', 'low-main', 'slow-pictures'];

/** null: nothing that this page would notice. A page without a wall shows no small pictures. */
export function sayRelief(step: string, hasWall: boolean): MessageKey | null {
  if (step === 'none') return null;
  if (THUMBNAILS.includes(step)) return hasWall ? 'relief.thumbnails' : null;
  return PICTURES.includes(step) ? 'relief.pictures' : 'relief.voices';
}
