/** Every word typed stands somewhere in the fields; letters in any case. */
export function matches(words: string, fields: readonly string[]): boolean {
  const text = fields.join(' ').toLocaleLowerCase();
  return words.toLocaleLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word));
}

export type LineGrade = 'good' | 'fair' | 'poor';

/**
 * What a measured line is good for: a class needs about 1.5 Mbit/s for teacher and courseware in full, and voice with
 * slides from about 300 kbit/s.
 */
export function gradeLine(rttMs: number, kbps: number): LineGrade {
  if (kbps >= 3000 && rttMs <= 150) return 'good';
  return kbps >= 800 && rttMs <= 400 ? 'fair' : 'poor';
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
