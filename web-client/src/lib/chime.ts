/** One soft sound for a raised hand: a fifth of a second, quiet enough for a microphone beside it. */
export function chime(frequency = 660, seconds = 0.2, gain = 0.06): void {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, context.currentTime);
  volume.gain.linearRampToValueAtTime(gain, context.currentTime + 0.02);
  volume.gain.linearRampToValueAtTime(0, context.currentTime + seconds);
  tone.connect(volume).connect(context.destination);
  tone.onended = () => void context.close();
  tone.start();
  tone.stop(context.currentTime + seconds);
}
