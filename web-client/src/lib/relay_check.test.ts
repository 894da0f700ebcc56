import { describe, expect, it } from 'vitest';
import { checkRelay, type Gatherer } from './relay_check';

const SERVERS = [{ urls: ['turn:t.example:3478?transport=udp'], username: '1:a', credential: 'b' }];

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
  finds(relayProtocol: string | null): void {
    this.onicecandidate?.({ candidate: { relayProtocol } as unknown as RTCIceCandidate });
  }
  ends(): void {
    this.onicecandidate?.({ candidate: null });
  }
}

async function check(gathers: (self: FakeGatherer) => void) {
  let asked: RTCConfiguration = {};
  const gatherer = new FakeGatherer(gathers);
  const result = await checkRelay(SERVERS, (configuration) => ((asked = configuration), gatherer), 20);
  expect(asked).toEqual({ iceServers: SERVERS, iceTransportPolicy: 'relay' });
  expect(gatherer.isClosed).toBe(true);
  return result;
}

describe('the check of the backup line', () => {
  it('says nothing where no TURN server is set', async () => {
    expect(await checkRelay([], () => { throw new Error('nobody to ask'); })).toEqual({ kind: 'none' });
  });

  it('names each way that gave a relayed address, once', async () => {
    const result = await check((g) => {
      for (const way of ['udp', 'tls', 'udp', 'tcp']) g.finds(way);
      g.ends();
    });
    expect(result).toEqual({ kind: 'reached', ways: ['TCP', 'TLS', 'UDP'] });
  });

  it('is unreachable when gathering ends with nothing, never ends, or fails', async () => {
    expect(await check((g) => g.ends())).toEqual({ kind: 'unreachable' });
    expect(await check(() => {})).toEqual({ kind: 'unreachable' });
    expect(await check(() => { throw new Error('refused'); })).toEqual({ kind: 'unreachable' });
  });

  it('takes what came before the time was over', async () => {
    expect(await check((g) => g.finds('tcp'))).toEqual({ kind: 'reached', ways: ['TCP'] });
  });
});
