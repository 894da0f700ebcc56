import { describe, expect, it } from 'vitest';
import { CAMERA_ENCODINGS, planFor, preferredCodecs, sections } from './plan';

describe('planFor', () => {
  it('an observer sends nothing and asks for everything', () => {
    expect(planFor('observer').publish).toEqual([]);
    expect(planFor('observer').slots).toEqual(expect.arrayContaining(['voice-teacher', 'teacher', 'screen', 'wall-11']));
  });

  it('a class cannot share a screen and needs no wall', () => {
    const plan = planFor('class');
    expect(plan.publish).toEqual(['microphone', 'camera']);
    expect(plan.slots.some((slot) => slot.startsWith('wall-'))).toBe(false);
  });

  it('the teacher never plays the own voice', () => {
    expect(planFor('teacher').slots).not.toContain('voice-teacher');
    expect(planFor('teacher').slots).not.toContain('sound-screen');
  });
});

describe('sections', () => {
  it('names every section by its mid, in order', () => {
    const plan = { publish: ['microphone', 'camera'], slots: ['voice-teacher', 'teacher'] } as const;
    expect(sections({ publish: [...plan.publish], slots: [...plan.slots] }, ['0', '1', '2', '3'])).toEqual([
      { mid: '0', use: 'microphone' },
      { mid: '1', use: 'camera' },
      { mid: '2', use: 'slot', slot: 'voice-teacher' },
      { mid: '3', use: 'slot', slot: 'teacher' },
    ]);
  });

  it('refuses a connection whose sections are not all negotiated', () => {
    expect(() => sections(planFor('class'), ['0', null])).toThrow();
  });
});

describe('codecs', () => {
  it('asks for VP8 first, keeps retransmission, leaves out what the server does not forward', () => {
    const chosen = preferredCodecs([
      { mimeType: 'video/H264', sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' },
      { mimeType: 'video/H264', sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f' },
      { mimeType: 'video/AV1' },
      { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
      { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
      { mimeType: 'video/rtx' },
      { mimeType: 'video/VP8' },
      { mimeType: 'video/red' },
    ]);
    expect(chosen.map((codec) => codec.mimeType)).toEqual(['video/VP8', 'video/VP9', 'video/H264', 'video/rtx']);
    expect(chosen[2]?.sdpFmtpLine).toContain('packetization-mode=1');
  });

  it('camera layers go from lowest to highest, each twice the one before', () => {
    expect(CAMERA_ENCODINGS.map((layer) => [layer.rid, 720 / (layer.scaleResolutionDownBy ?? 1)])).toEqual([
      ['q', 180], ['h', 360], ['f', 720],
    ]);
  });
});
