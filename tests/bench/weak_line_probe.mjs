// What a page behind a weak line sees and hears of the teacher, noted down within the page: five times a second the
// browser's own statistics, and each picture's moment of being shown. Runs in the page: no imports.
export function probe() {
  const SAMPLE_MS = 200;
  const Native = window.RTCPeerConnection;
  const peers = [];
  const notes = { samples: [], shown: [] };
  window.__weakLine = notes;

  // The browser shows the picture in the page's own element; this one only notes when.
  function watchPicture(track) {
    const video = document.createElement('video');
    Object.assign(video, { muted: true, playsInline: true, srcObject: new MediaStream([track]) });
    Object.assign(video.style, { position: 'fixed', width: '4px', height: '4px', right: '0', bottom: '0' });
    document.documentElement.append(video);
    void video.play().catch(() => {});
    const note = (now, frame) => {
      // Before the first picture Chromium shows a black one of 2 x 2.
      if (frame.height > 2) notes.shown.push([Math.round(performance.timeOrigin + now), frame.width, frame.height]);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  }

  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.slots = new Map();
      this.addEventListener('track', ({ receiver, streams }) => {
        const slot = streams[0]?.id ?? receiver.track.id;
        this.slots.set(receiver.track.id, slot);
        if (slot === 'teacher') watchPicture(receiver.track);
      });
      peers.push(this);
    }
  };

  const KEEP = {
    'voice-teacher': ['packetsReceived', 'packetsLost', 'totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples',
      'jitterBufferDelay', 'jitterBufferEmittedCount', 'fecPacketsReceived'],
    teacher: ['packetsReceived', 'packetsLost', 'framesDecoded', 'frameWidth', 'frameHeight', 'freezeCount', 'totalFreezesDuration',
      'jitterBufferDelay', 'jitterBufferEmittedCount', 'nackCount', 'pliCount', 'retransmittedPacketsReceived'],
  };

  async function sample() {
    const peer = peers.filter((p) => p.connectionState !== 'closed').at(-1);
    if (peer) {
      const out = { at: Math.round(performance.timeOrigin + performance.now()), peer: peers.indexOf(peer), state: peer.connectionState };
      for (const stat of (await peer.getStats()).values()) {
        const slot = stat.type === 'inbound-rtp' ? peer.slots.get(stat.trackIdentifier) : undefined;
        if (KEEP[slot]) out[slot] = Object.fromEntries(KEEP[slot].map((key) => [key, stat[key] ?? 0]));
      }
      notes.samples.push(out);
    }
    setTimeout(() => void sample(), SAMPLE_MS);
  }
  void sample();
}
