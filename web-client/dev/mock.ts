// An invented school server inside the browser: fetch, WebSocket and RTCPeerConnection answer with one made-up lesson,
// so that every page can be looked at without a server. Only `vite --mode mock` loads it.
import { WALL_SLOTS, type ClientMessage, type EventBody, type Participant, type SlotMap, type SourceStatus } from '../src/protocol/messages';
import { recording } from './mock_recording';

const US = 1_000_000;
const startedAt = (Date.now() - 23 * 60_000 - 14_000) * 1000;
const query = new URLSearchParams(window.location.search);
// Which scene to show: a hand up, a class on the stage, a weak line …
const scene = query.get('scene') ?? sessionStorage.getItem('scene') ?? 'call';
sessionStorage.setItem('scene', scene);

const school = (p: string, name: string, more: Partial<Participant> = {}): Participant => ({
  p, role: 'class', name: `${name} 三年级二班`, school: name, classId: p, headcount: 32, online: true, hand: false, handAt: 0,
  onStage: false, muted: false, mutedBy: null, mic: true, camera: true, screen: false, link: 'good', speaking: false, ...more,
});
const teacher = school('p1', '罗源县实验小学', { role: 'teacher', name: '林晓燕', headcount: 0, speaking: true, screen: true });
const participants: Participant[] = [
  teacher,
  school('p2', '中房小学', { headcount: 28, onStage: scene === 'call', speaking: scene === 'call' }),
  school('p3', '飞竹小学', { link: 'weak', hand: scene !== 'quiet', handAt: 900 * US }),
  school('p4', '霍口畲族乡中心小学', { muted: true, mutedBy: 'teacher', headcount: 19 }),
  school('p5', '西兰小学', { online: false, link: 'lost', headcount: 24 }),
];
const HOW_MANY = query.get('classes') ?? sessionStorage.getItem('classes');
if (HOW_MANY !== null) {
  sessionStorage.setItem('classes', HOW_MANY);
  participants.splice(1 + Math.min(Number(HOW_MANY), 4));
  for (let n = 6; participants.length <= Number(HOW_MANY); n += 1) {
    participants.push(school(`p${n}`, `第 ${n - 1} 教学点小学`, { hand: n === 30, handAt: 950 * US, online: n % 11 !== 0, link: n % 11 === 0 ? 'lost' : n % 7 === 0 ? 'weak' : 'good', camera: n % 13 !== 0 }));
  }
}
// The classroom's devices, one in each state that a teacher may meet.
const device = (source: string, name: string, more: Partial<SourceStatus>): SourceStatus => ({
  source, name, role: 'board', kind: 'rtsp', address: 'rtsp://192.168.1.64:554/Streaming/Channels/101', state: 'live', reason: '', retryIn: 0, ...more,
});
const sources = [
  device('s1', '教师机位', { role: 'teacher-camera' }),
  device('s2', '板书机位', { kind: 'srt', address: 'srt://192.168.1.70:9710', state: 'retrying', reason: 'unreachable', retryIn: 24 }),
  device('s3', '课件', { role: 'courseware', kind: 'rtmp-push', address: '', state: 'waiting' }),
  device('s4', '后排摄像机', { role: 'other', state: 'off' }),
];
// Which pictures the server leaves out for want of room.
const relief = query.get('relief');
const isReady = query.get('state') === 'scheduled';
const lesson = {
  id: 'demo', topic: '分数的初步认识', subject: '数学', grade: '三年级', kind: 'synchronous-lesson', school: '罗源县实验小学',
  teacher: '林晓燕', state: isReady ? 'scheduled' : 'live', startedAt: isReady ? 0 : startedAt,
};
const entry = (more: object) => ({
  ...lesson, scheduledAt: startedAt, endedAt: 0, role: 'teacher', classes: participants.slice(1).map((one) => ({ id: one.p, name: one.name, school: one.school, headcount: one.headcount })), ...more,
});
const chat = ['老师好，我们班准备好了', '请翻到课本第九十页', '第二题我们有不同的做法'].map((text, i) => ({
  t: 'event', n: i + 1, at: (600 + i * 120) * US, kind: 'chat', p: `p${i === 1 ? 1 : i + 2}`, name: participants[i === 1 ? 0 : i + 1]?.name ?? '', text,
}));

const lessons = [
  entry({}),
  entry({ id: 'later', topic: '圆的面积', grade: '六年级', state: 'scheduled', startedAt: 0, scheduledAt: startedAt + 26 * 3600 * US, role: 'observer' }),
  entry({ id: 'old', topic: '古诗二首：望庐山瀑布与绝句', subject: '语文', grade: '二年级', state: 'ended', scheduledAt: startedAt - 48 * 3600 * US, role: 'observer' }),
];

function answer(path: string, method: string): [number, unknown] {
  if (path === '/api/v1/session') return method === 'DELETE' ? [200, {}] : query.get('signedOut') ? [401, { error: { code: 'unauthorized', message: '' } }] : [200, { name: '林晓燕', role: 'person', personId: 'x', classId: '', lesson: '', collectives: [] }];
  if (path === '/api/v1/lessons') return [200, { lessons: query.get('empty') ? [] : lessons }];
  if (path.endsWith('/sources') && method === 'POST') return [201, { id: 's5', streamKey: 'q3mC0x8Wb1yTz5nKd7RfLh2VgJ6sPeUaXo4iNvQtYc' }];
  if (path.endsWith('/sources')) return [200, { sources: [], push: { rtmpPort: 1935, rtmpsPort: 1936 } }];
  if (path.startsWith('/api/v1/lessons/')) return [200, entry({})];
  if (path === '/api/v1/recordings') return [200, { recordings: query.get('empty') ? [] : lessons.map((one, i) => ({ lesson: { ...one, state: 'ended', startedAt }, durationUs: (41 * 60 + 30 - i * 200) * US, segments: 9 })) }];
  if (path.startsWith('/api/v1/recordings/')) return [200, recording(entry({ state: 'ended' }), participants)];
  if (path === '/api/v1/ice-servers') return [200, { iceServers: [] }];
  return [200, { status: 'ok' }];
}

const realFetch = window.fetch.bind(window);
window.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input), window.location.href);
  if (!url.pathname.startsWith('/api/') && url.pathname !== '/healthz') return realFetch(input, init);
  const [status, body] = answer(url.pathname, init?.method ?? 'GET');
  return Promise.resolve(new Response(JSON.stringify(body), { status }));
};

class MockSocket {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  private n = 10;
  private wall: string[] = [];

  constructor() {
    setTimeout(() => {
      if (scene === 'lost' && sessionStorage.getItem('was-up') !== null) return;
      this.readyState = 1;
      this.onopen?.();
    }, 20);
  }

  close(): void {
    this.readyState = 3;
  }

  send(text: string): void {
    const message = JSON.parse(text) as ClientMessage;
    const role = window.location.pathname.split('/')[3] ?? 'class';
    if (message.t === 'hello') return this.welcome(message.id, role);
    if (message.t === 'ping') return this.say({ t: 'pong', id: message.id, at: Date.now() * 1000 - startedAt });
    if (message.t === 'offer') {
      this.say({ t: 'answer', id: message.id, sdp: 'v=0' });
      return this.say({ t: 'slots', map: this.slots() });
    }
    this.say({ t: 'ok', id: message.id });
    if (message.t === 'wall') {
      this.wall = message.show;
      this.say({ t: 'slots', map: this.slots() });
    }
    const me = role === 'teach' ? 'p1' : 'p3';
    if (message.t === 'hand') this.event({ kind: 'hand', p: me, up: message.up });
    if (message.t === 'call') this.event({ kind: 'stage', p: message.p, previous: null });
    if (message.t === 'release') this.event({ kind: 'stage', p: null, previous: 'p2' });
    if (message.t === 'mute') this.event({ kind: 'mute', p: message.p, muted: message.muted, by: message.p === me ? 'self' : 'teacher' });
    if (message.t === 'chat') this.event({ kind: 'chat', p: me, text: message.text, name: participants.find((one) => one.p === me)?.name ?? '' });
    if (message.t === 'remove') this.event({ kind: 'participant-removed', p: message.p });
    if (message.t === 'end') this.event({ kind: 'lesson-ended' });
  }

  private welcome(id: number, role: string): void {
    sessionStorage.setItem('was-up', '1');
    this.say({
      t: 'welcome', id, v: 1, you: role === 'teach' ? 'p1' : role === 'class' ? (query.get('as') ?? 'p3') : 'p9', role: role === 'teach' ? 'teacher' : role === 'class' ? 'class' : 'observer',
      seat: 's', resumed: false, at: Date.now() * 1000 - startedAt, lesson, iceServers: [], last: 10,
      state: { participants, removed: [], stage: scene === 'call' ? 'p2' : null, recording: !isReady, encoder: scene === 'encoder', chat },
    });
    if (relief !== null) this.say({ t: 'relief', step: relief });
    if (role !== 'class') this.say({ t: 'observers', count: 2 });
    if (role === 'teach' && scene === 'sources') this.say({ t: 'sources', sources });
    if (scene === 'lost') setTimeout(() => this.onclose?.({ code: 1006 }), 1500);
  }

  private slots(): SlotMap {
    const feed = (p: string, source = 'camera') => ({ p, source });
    const shown = (this.wall.length > 0 ? this.wall.map((p) => participants.find((one) => one.p === p)) : participants.slice(1))
      .filter((one) => one?.online === true && one.camera).slice(0, WALL_SLOTS);
    const wall = Array.from({ length: WALL_SLOTS }, (_, i): [string, SlotMap[string]] => [`wall-${i}`, shown[i] === undefined ? null : feed(shown[i].p)]);
    return {
      ...Object.fromEntries(wall),
      teacher: feed('p1'), board: scene === 'board' ? feed('p1', 'board') : null, screen: scene === 'quiet' ? null : feed('p1', 'screen'), stage: scene === 'call' ? feed('p2') : null,
    };
  }

  private event(body: EventBody): void {
    this.n += 1;
    this.say({ t: 'event', n: this.n, at: Date.now() * 1000 - startedAt, ...body });
  }

  private say(message: object): void {
    setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }), 5);
  }
}

const HUES = [210, 30, 150, 280, 330, 90];

/** A drawn picture: a face for cameras, a page for the courseware. */
function picture(index: number): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const pen = canvas.getContext('2d');
  let frame = 0;
  const draw = () => {
    if (pen === null) return;
    frame += 1;
    const isPage = index === 1;
    pen.fillStyle = isPage ? '#fdfdf8' : `hsl(${HUES[index % HUES.length]} 30% 32%)`;
    pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = isPage ? '#1d2733' : `hsl(${HUES[index % HUES.length]} 40% 62%)`;
    if (isPage) {
      pen.font = '600 44px "Noto Sans CJK SC"';
      pen.fillText('把一个月饼平均分成 4 份', 70, 90);
      pen.beginPath();
      pen.arc(320, 230, 90, 0, 7);
      pen.moveTo(230, 230);
      pen.lineTo(410, 230);
      pen.moveTo(320, 140);
      pen.lineTo(320, 320);
      pen.lineWidth = 5;
      pen.stroke();
    } else {
      pen.beginPath();
      pen.arc(320 + Math.sin(frame / 10) * 12, 150, 70, 0, 7);
      pen.fill();
      pen.beginPath();
      pen.arc(320, 370, 140, 0, 7);
      pen.fill();
    }
  };
  draw();
  setInterval(draw, 100);
  const track = canvas.captureStream(10).getVideoTracks()[0];
  if (track === undefined) throw new Error('a canvas gives no track');
  return track;
}

class MockConnection {
  connectionState = 'new';
  signalingState = 'stable';
  localDescription = { sdp: 'v=0' };
  onconnectionstatechange: (() => void) | null = null;
  private readonly transceivers: { mid: string }[] = [];
  private pictures = 0;

  addTransceiver(kind: string, init: { direction: string }) {
    const mid = String(this.transceivers.length);
    const receives = init.direction === 'recvonly' && kind === 'video';
    const transceiver = {
      mid,
      setCodecPreferences: () => undefined,
      sender: { replaceTrack: () => Promise.resolve() },
      receiver: { track: receives ? picture(this.pictures++) : new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0] },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers = () => this.transceivers;
  createOffer = () => Promise.resolve({ type: 'offer', sdp: 'v=0' });
  setLocalDescription = () => Promise.resolve();
  getStats = () => {
    const seconds = performance.now();
    const lost = scene === 'weak' ? 0.3 : 0;
    return Promise.resolve(new Map<string, object>([
      ['t', { type: 'transport', timestamp: seconds, bytesSent: seconds * 90, bytesReceived: seconds * 200 }],
      ['i', { type: 'inbound-rtp', kind: 'video', mid: 'none', packetsReceived: seconds, packetsLost: seconds * lost }],
    ]));
  };
  setRemoteDescription = () => {
    this.connectionState = 'connected';
    setTimeout(() => this.onconnectionstatechange?.(), 30);
    return Promise.resolve();
  };
  close = () => undefined;
}

Object.assign(window, { WebSocket: MockSocket, RTCPeerConnection: MockConnection });
