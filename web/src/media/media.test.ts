import { describe, expect, it } from 'vitest';
import { deviceFault, obstacle } from './faults';
import { levelOf } from './meter';
import { preferred } from './whip';

describe('faults', () => {
  it('names each for what it is', () => {
    const agent = 'Mozilla/5.0 Chrome/156';
    const named = (name: string): string => deviceFault(new DOMException('', name), agent);
    expect([named('NotAllowedError'), named('NotFoundError'), named('NotReadableError'), named('OverconstrainedError'), named('X')])
      .toEqual(['refused', 'missing', 'busy', 'missing', 'unknown']);
    expect(deviceFault(new DOMException('', 'NotAllowedError'), 'Mozilla/5.0 (Linux; Android 14; wv) Chrome')).toBe('inside_app');
  });

  it('says what stands in the way before asking', () => {
    const agent = 'Mozilla/5.0';
    expect(obstacle({ secure: true, devices: true, agent })).toBeNull();
    expect(obstacle({ secure: false, devices: false, agent })).toBe('insecure');
    expect(obstacle({ secure: true, devices: false, agent: 'x [FBAN/FBIOS]' })).toBe('inside_app');
    expect(obstacle({ secure: true, devices: false, agent })).toBe('unsupported');
  });
});

describe('codecs', () => {
  it('puts constrained H264 first, then VP8, and keeps the rest in order', () => {
    const codec = (mimeType: string, sdpFmtpLine?: string): { mimeType: string; sdpFmtpLine?: string } => ({ mimeType, ...(sdpFmtpLine ? { sdpFmtpLine } : {}) });
    const given = [
      codec('video/VP8'), codec('video/rtx'), codec('video/VP9'),
      codec('video/H264', 'packetization-mode=1;profile-level-id=42001f'),
      codec('video/H264', 'packetization-mode=0;profile-level-id=42e01f'),
      codec('video/H264', 'packetization-mode=1;profile-level-id=42e01f'),
    ];
    expect(preferred(given).map(({ mimeType, sdpFmtpLine }) => `${mimeType} ${sdpFmtpLine ?? ''}`.trim())).toEqual([
      'video/H264 packetization-mode=1;profile-level-id=42e01f',
      'video/H264 packetization-mode=1;profile-level-id=42001f',
      'video/H264 packetization-mode=0;profile-level-id=42e01f',
      'video/VP8', 'video/rtx', 'video/VP9',
    ]);
  });
});

describe('meter', () => {
  it('is still in silence and full at close speech', () => {
    expect(levelOf(new Float32Array(64))).toBe(0);
    expect(levelOf(new Float32Array(64).fill(0.5))).toBe(1);
    expect(levelOf(new Float32Array(64).fill(0.02))).toBeCloseTo(0.52, 1);
  });
});
