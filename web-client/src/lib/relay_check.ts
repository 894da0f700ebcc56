// Whether the way round a strict school network is open: a relayed address is asked for over every TURN server that
// the server names. Nothing is sent through it.
import type { IceServer } from '../protocol/messages';

export type RelayWay = 'UDP' | 'TCP' | 'TLS';
/** `none`: the operator has set no TURN server. */
export type RelayResult = { kind: 'none' } | { kind: 'reached'; ways: RelayWay[] } | { kind: 'unreachable' };

// An allocation takes two round trips, over TLS five; a firewall that swallows packets answers never.
const GATHER_MS = 8000;

/** The part of RTCPeerConnection that is used. */
export interface Gatherer {
  onicecandidate: ((event: { candidate: RTCIceCandidate | null }) => void) | null;
  addTransceiver(kind: 'audio'): unknown;
  createOffer(): Promise<RTCSessionDescriptionInit>;
  setLocalDescription(offer: RTCSessionDescriptionInit): Promise<void>;
  close(): void;
}

// RFC 7065. One connection for each address: browsers do not agree on whether a candidate names the one it came from.
const wayOf = (url: string): RelayWay => (url.startsWith('turns:') ? 'TLS' : url.includes('transport=tcp') ? 'TCP' : 'UDP');

async function isRelayed(gatherer: Gatherer, limitMs: number): Promise<boolean> {
  try {
    return await new Promise<boolean>((done, fail) => {
      const limit = setTimeout(() => done(false), limitMs);
      gatherer.onicecandidate = ({ candidate }) => {
        clearTimeout(limit);
        // Under the policy "relay" there are no others.
        done(candidate !== null);
      };
      gatherer.addTransceiver('audio');
      gatherer.createOffer().then((offer) => gatherer.setLocalDescription(offer)).catch(fail);
    });
  } catch {
    return false;
  } finally {
    gatherer.onicecandidate = null;
    gatherer.close();
  }
}

export async function checkRelay(
  servers: IceServer[],
  connect: (configuration: RTCConfiguration) => Gatherer,
  limitMs = GATHER_MS,
): Promise<RelayResult> {
  const each = servers.flatMap((server) => server.urls.map((url) => ({ ...server, urls: [url], way: wayOf(url) })));
  if (each.length === 0) return { kind: 'none' };
  const found = await Promise.all(
    each.map(async ({ way, ...server }) => {
      const gatherer = connect({ iceServers: [server], iceTransportPolicy: 'relay' });
      return (await isRelayed(gatherer, limitMs)) ? way : null;
    }),
  );
  const ways = [...new Set(found.filter((way) => way !== null))].sort();
  return ways.length > 0 ? { kind: 'reached', ways } : { kind: 'unreachable' };
}
