import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../lib/clock';
import { CONNECT_DEADLINE_MS, DISCONNECTED_GRACE_MS, RESTART_DEADLINE_MS, Recovery } from './recovery';

describe('Recovery', () => {
  let clock: ManualClock;
  let did: string[];
  let states: string[];
  let recovery: Recovery;

  beforeEach(() => {
    clock = new ManualClock();
    did = [];
    states = [];
    recovery = new Recovery(clock, () => 0.5, {
      restart: () => did.push('restart'),
      replace: () => did.push('replace'),
      onState: (state) => states.push(state),
    });
  });

  const connect = () => {
    recovery.onSignalingUp(true);
    recovery.onPath('connected');
    did = [];
  };

  it('makes one connection and leaves a good one alone', () => {
    recovery.onSignalingUp(true);
    recovery.onPath('connecting');
    recovery.onPath('connected');
    clock.advance(600_000);
    expect(did).toEqual(['replace']);
    expect(states.at(-1)).toBe('connected');
  });

  it('gives a short disturbance time to pass', () => {
    connect();
    recovery.onPath('disconnected');
    clock.advance(DISCONNECTED_GRACE_MS - 1);
    recovery.onPath('connected');
    clock.advance(60_000);
    expect(did).toEqual([]);
  });

  it('restarts ICE when the path stays down, then makes a new connection, then another', () => {
    connect();
    recovery.onPath('disconnected');
    clock.advance(DISCONNECTED_GRACE_MS);
    expect(did).toEqual(['restart']);
    clock.advance(RESTART_DEADLINE_MS);
    expect(did).toEqual(['restart', 'replace']);
    clock.advance(CONNECT_DEADLINE_MS + 1000);
    expect(did).toEqual(['restart', 'replace', 'replace']);
  });

  it('a restart that works ends it', () => {
    connect();
    recovery.onPath('failed');
    recovery.onPath('connected');
    clock.advance(60_000);
    expect(did).toEqual(['restart']);
    expect(states.at(-1)).toBe('connected');
  });

  it('does nothing while the socket is down, and heals when it is back', () => {
    connect();
    recovery.onSignalingDown();
    recovery.onPath('disconnected');
    recovery.onPath('failed');
    clock.advance(120_000);
    expect(did).toEqual([]);
    recovery.onSignalingUp(false);
    expect(did).toEqual(['restart']);
  });

  it('a picture that goes on without the socket is not touched', () => {
    connect();
    recovery.onSignalingDown();
    recovery.onSignalingUp(false);
    expect([did, states.at(-1)]).toEqual([[], 'connected']);
  });

  it('a server that forgot us gets a new connection even if the old path looks alive', () => {
    connect();
    recovery.onSignalingUp(true);
    expect(did).toEqual(['replace']);
  });

  it('a refused offer is tried again, not at once and not never', () => {
    recovery.onSignalingUp(true);
    recovery.onNegotiationFailed();
    expect(did).toEqual(['replace']);
    clock.advance(400);
    expect(did).toEqual(['replace', 'replace']);
  });

  it('stops for good', () => {
    connect();
    recovery.stop();
    recovery.onPath('failed');
    clock.advance(60_000);
    expect(did).toEqual([]);
  });
});
