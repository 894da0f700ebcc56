// The wall of classes: who stands where, and which picture belongs to whom.
import { WALL_SLOTS, type Participant, type ParticipantId, type SlotMap, type VideoSlot } from '../protocol/messages';

/** Raised hands first, the longest wait on top; the others keep their order of arrival so that nothing else jumps. */
export function wallOrder(participants: readonly Participant[]): Participant[] {
  const classes = participants.filter((one) => one.role === 'class');
  const hands = classes.filter((one) => one.hand).sort((a, b) => a.handAt - b.handAt);
  return [...hands, ...classes.filter((one) => !one.hand)];
}

/** The receive slot that carries this class's picture now, or null when the server sends none. */
export function slotOf(slots: SlotMap, p: ParticipantId): VideoSlot | null {
  for (let i = 0; i < WALL_SLOTS; i += 1) {
    const slot: VideoSlot = `wall-${i}`;
    if (slots[slot]?.p === p) return slot;
  }
  return slots['stage']?.p === p ? 'stage' : null;
}

/** Hands that are up now and were not before: each deserves one soft sound. */
export function newHands(before: readonly Participant[], now: readonly Participant[]): ParticipantId[] {
  const up = new Set(before.filter((one) => one.hand).map((one) => one.p));
  return now.filter((one) => one.hand && !up.has(one.p)).map((one) => one.p);
}

export interface Attendance {
  classes: number;
  online: number;
  children: number;
}

export function attendance(participants: readonly Participant[]): Attendance {
  const classes = participants.filter((one) => one.role === 'class');
  const online = classes.filter((one) => one.online);
  return {
    classes: classes.length,
    online: online.length,
    children: online.reduce((sum, one) => sum + one.headcount, 0),
  };
}
