// How a media connection heals: wait briefly, restart ICE on the same connection, then make a new one, and again.
// It decides; peer.ts does. No browser object is known here.
import type { Clock } from '../lib/clock';
import { reconnectDelay } from '../signaling/reconnect';
import type { MediaLink } from '../state/link';

// A Wi-Fi roam heals by itself within a second; a restart then would only cost another round trip.
export const DISCONNECTED_GRACE_MS = 1500;
// Offer, answer and a few checks over a slow line; after this the old path is not worth waiting for.
export const RESTART_DEADLINE_MS = 6000;
export const CONNECT_DEADLINE_MS = 10_000;

export type PathState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface RecoveryActions {
  /** ICE restart on the connection that exists. */
  restart(): void;
  /** A new connection; the devices' tracks are put on it unchanged. */
  replace(): void;
  onState(state: MediaLink): void;
}

export class Recovery {
  private path: PathState = 'new';
  private isSignalingUp = false;
  private hasConnection = false;
  private wasConnected = false;
  private isRestarting = false;
  private replacements = 0;
  private cancel = () => {};

  constructor(
    private readonly clock: Clock,
    private readonly random: () => number,
    private readonly actions: RecoveryActions,
  ) {}

  /** The lesson's socket is up. `fresh`: the server holds no connection of ours any more. */
  onSignalingUp(fresh: boolean): void {
    this.isSignalingUp = true;
    if (fresh || !this.hasConnection) this.replaceNow();
    else if (this.path !== 'connected') this.restartNow();
  }

  onSignalingDown(): void {
    this.isSignalingUp = false;
    this.isRestarting = false;
    this.cancel();
    // The picture may well go on without the socket: only a path that is down itself is reported.
    if (this.path !== 'connected' && this.hasConnection) this.actions.onState('restarting');
  }

  onPath(state: PathState): void {
    this.path = state;
    switch (state) {
      case 'connected':
        this.cancel();
        this.isRestarting = false;
        this.wasConnected = true;
        this.replacements = 0;
        this.actions.onState('connected');
        return;
      case 'disconnected':
        this.actions.onState('restarting');
        if (!this.isRestarting) this.wait(DISCONNECTED_GRACE_MS, () => this.restartNow());
        return;
      case 'failed':
        if (this.isRestarting || !this.wasConnected) this.replaceSoon();
        else this.restartNow();
        return;
      case 'new':
      case 'connecting':
      case 'closed':
        return;
    }
  }

  /** The offer was refused or its reply never came. */
  onNegotiationFailed(): void {
    if (this.isSignalingUp) this.replaceSoon();
  }

  stop(): void {
    this.cancel();
    this.isSignalingUp = false;
    this.hasConnection = false;
  }

  private wait(ms: number, then: () => void): void {
    this.cancel();
    this.cancel = this.clock.after(ms, then);
  }

  private restartNow(): void {
    if (!this.isSignalingUp) return;
    this.isRestarting = true;
    this.actions.onState('restarting');
    this.wait(RESTART_DEADLINE_MS, () => this.replaceNow());
    this.actions.restart();
  }

  private replaceSoon(): void {
    const wait = reconnectDelay(this.replacements, this.random());
    this.actions.onState(this.wasConnected ? 'restarting' : 'connecting');
    this.wait(wait, () => this.replaceNow());
  }

  private replaceNow(): void {
    if (!this.isSignalingUp) return;
    this.hasConnection = true;
    this.isRestarting = false;
    this.path = 'new';
    this.replacements += 1;
    this.actions.onState(this.wasConnected ? 'restarting' : 'connecting');
    this.wait(CONNECT_DEADLINE_MS, () => this.replaceSoon());
    this.actions.replace();
  }
}
