import { describe, expect, it } from 'vitest';
import { checkRelay, type Gatherer } from './relay_check';

const UDP = 'turn:t.example:3478?transport=udp';
const TCP = 'turn:t.example:3478?transport=tcp';
const TLS = 'turns:t.example:443?transport=tcp';

class FakeGatherer implements Gatherer {
  onicecandidate: Gatherer['onicecandidate'] = null;
  isClosed = false;
  constructor(private readonly gathers: (self: FakeGatherer) => void) {}
  addTransceiver(): void {}
  createOffer = () => Promise.resolve({ type: 'offer' as const, sdp: 'v=0' });
  setLocalDescription = () => Promise.resolve().then(() => this.gathers(this));
  close(): void {
    this.isClosed = true;
  }
}

const finds = (self: FakeGatherer) => {
  self.onicecandidate?.({ candidate: {} as RTCIceCandidate });
  self.onicecandidate?.({ candidate: null });
};
const findsNothing = (self: FakeGatherer) => self.onicecandidate?.({ candidate: null });
const neverEnds = () => {};
const fails = () => {
  throw new Error('refused');
};

async function check(urls: string[], behaviour: Record<string, (self: FakeGatherer) => void>) {
  const made: FakeGatherer[] = [];
  const servers = [{ urls, username: '1:a', credential: 'b' }];
  const result = await checkRelay(servers, (configuration) => {
    expect(configuration.iceTransportPolicy).toBe('relay');
    const [server] = configuration.iceServers ?? [];
    expect(server).toMatchObject({ username: '1:a', credential: 'b' });
    const gatherer = new FakeGatherer(behaviour[String(server?.urls)] ?? fails);
    made.push(gatherer);
    return gatherer;
  }, 20);
  expect(made).toHaveLength(urls.length);
  expect(made.every((gatherer) => gatherer.isClosed)).toBe(true);
  return result;
}

describe('the check of the backup line', () => {
  it('says nothing where no TURN server is set', async () => {
    expect(await check([], {})).toEqual({ kind: 'none' });
  });

  it('names each way that gave a relayed address, once', async () => {
    const second = UDP.replace('t.example', 'u.example');
    expect(await check([UDP, TLS, second, TCP], { [UDP]: finds, [TLS]: finds, [second]: finds, [TCP]: finds }))
      .toEqual({ kind: 'reached', ways: ['TCP', 'TLS', 'UDP'] });
  });

  it('leaves out what gives nothing, never ends, or fails', async () => {
    expect(await check([UDP, TCP, TLS], { [UDP]: findsNothing, [TCP]: neverEnds, [TLS]: finds })).toEqual({ kind: 'reached', ways: ['TLS'] });
    expect(await check([UDP, TCP, TLS], { [UDP]: findsNothing, [TCP]: neverEnds, [TLS]: fails })).toEqual({ kind: 'unreachable' });
  });
});
