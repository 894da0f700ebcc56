// A reviewer's own marks, kept in this browser until there is a place for them on the server.
const key = (lesson: string) => `tongke.markers.${lesson}`;

export function loadMarkers(lesson: string): number[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(lesson)) ?? '[]');
    return Array.isArray(stored) ? stored.filter((one) => typeof one === 'number') : [];
  } catch {
    return [];
  }
}

export function saveMarkers(lesson: string, markers: number[]): void {
  try {
    localStorage.setItem(key(lesson), JSON.stringify(markers));
  } catch {
    // Without storage the marks last as long as the page.
  }
}

export function withMarker(markers: readonly number[], us: number): number[] {
  return markers.includes(us) ? [...markers] : [...markers, us].sort((a, b) => a - b);
}
