// Cameras, microphones and speakers: opening them, remembering the choice, hearing how loud they are. What goes wrong
// comes back as one of a few reasons that a page can say in words.

export type DeviceKind = 'microphone' | 'camera';
export type DeviceTrouble = 'refused' | 'missing' | 'busy' | 'unsupported';

export type Opened = { track: MediaStreamTrack } | { trouble: DeviceTrouble };

export interface DeviceChoice {
  microphone: string | null;
  camera: string | null;
  speaker: string | null;
}

const CHOICE_KEY = 'tongke.devices';

export function loadChoice(): DeviceChoice {
  const none: DeviceChoice = { microphone: null, camera: null, speaker: null };
  try {
    return { ...none, ...(JSON.parse(localStorage.getItem(CHOICE_KEY) ?? '{}') as Partial<DeviceChoice>) };
  } catch {
    return none;
  }
}

export function saveChoice(choice: DeviceChoice): void {
  try {
    localStorage.setItem(CHOICE_KEY, JSON.stringify(choice));
  } catch {
    // A browser without storage asks again next time.
  }
}

export function troubleOf(error: unknown): DeviceTrouble {
  const name = error instanceof Error ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unsupported';
  }
}

function constraints(kind: DeviceKind, deviceId: string | null): MediaStreamConstraints {
  // `ideal`: a chosen device that was unplugged must not keep the class out.
  const device = deviceId === null ? {} : { deviceId: { ideal: deviceId } };
  if (kind === 'camera') {
    return { video: { ...device, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } } };
  }
  return { audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
}

/** Opens one device. Camera and microphone are asked for apart: a room without a camera still has a voice. */
export async function openDevice(kind: DeviceKind, deviceId: string | null): Promise<Opened> {
  // Undefined on a page that is not served securely.
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (media === undefined) return { trouble: 'unsupported' };
  try {
    const stream = await media.getUserMedia(constraints(kind, deviceId));
    const track = kind === 'camera' ? stream.getVideoTracks()[0] : stream.getAudioTracks()[0];
    return track === undefined ? { trouble: 'missing' } : { track };
  } catch (error) {
    return { trouble: troubleOf(error) };
  }
}

export async function openScreen(): Promise<MediaStream | null> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 15 } },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    const video = stream.getVideoTracks()[0];
    // Tells the encoder that these are letters and lines, not a moving scene.
    if (video !== undefined) video.contentHint = 'detail';
    return stream;
  } catch {
    return null;
  }
}

export async function listDevices(): Promise<MediaDeviceInfo[]> {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  return media === undefined ? [] : (await media.enumerateDevices()).filter((device) => device.deviceId !== '');
}

/** Calls back ten times a second with the loudness, 0 to 1. Returns the function that stops it. */
export function watchLevel(track: MediaStreamTrack, onLevel: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === 'suspended') void context.resume();
    analyser.getFloatTimeDomainData(samples);
    onLevel(track.enabled ? levelOf(samples) : 0);
  }, 100);
  return () => {
    clearInterval(timer);
    source.disconnect();
    void context.close();
  };
}

/** Root mean square on a scale of decibels: 0 at -60 dB and below, 1 at full scale. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, 1 + (20 * Math.log10(rms)) / 60));
}
