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

type RelayCandidate = { relayProtocol?: string | null };

export async function checkRelay(
  servers: IceServer[],
  connect: (configuration: RTCConfiguration) => Gatherer,
  limitMs = GATHER_MS,
): Promise<RelayResult> {
  if (servers.length === 0) return { kind: 'none' };
  const ways = new Set<RelayWay>();
  const gatherer = connect({ iceServers: servers, iceTransportPolicy: 'relay' });
  try {
    await new Promise<void>((done, fail) => {
      const limit = setTimeout(done, limitMs);
      gatherer.onicecandidate = ({ candidate }) => {
        if (candidate === null) {
          clearTimeout(limit);
          done();
          return;
        }
        const way = (candidate as RelayCandidate).relayProtocol?.toUpperCase();
        if (way === 'UDP' || way === 'TCP' || way === 'TLS') ways.add(way);
      };
      gatherer.addTransceiver('audio');
      gatherer.createOffer().then((offer) => gatherer.setLocalDescription(offer)).catch(fail);
    });
  } catch {
    return { kind: 'unreachable' };
  } finally {
    gatherer.onicecandidate = null;
    gatherer.close();
  }
  return ways.size > 0 ? { kind: 'reached', ways: [...ways].sort() } : { kind: 'unreachable' };
}
