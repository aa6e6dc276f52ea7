import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Captured } from '~/media/devices';
import type { DeviceFault } from '~/media/faults';
import type { LinkState } from '~/media/link';
import type { SendPlan } from '~/media/whip';
import { StudioStore } from './StudioStore.svelte';

interface Track { kind: string; enabled: boolean; stopped: boolean; onended: (() => void) | null; stop(): void; getSettings(): { deviceId: string } }
const track = (kind: string): Track => ({
  kind, enabled: true, stopped: false, onended: null,
  getSettings: () => ({ deviceId: `id of ${kind}` }),
  stop() {
    this.stopped = true;
  },
});
const captured = (given: Track | DeviceFault): Captured =>
  typeof given === 'string' ? { track: null, fault: given } : { track: given as unknown as MediaStreamTrack, fault: null };

let sent: string[];
let beside: SendPlan | undefined;
let next: Record<'camera' | 'mic' | 'screen', Track | DeviceFault>;
let asked: string[];
/** By id, before what is next. */
let found: Record<string, Track | DeviceFault>;
let level: (value: number) => void;
let took: () => void;

beforeEach(() => {
  sent = [];
  asked = [];
  found = {};
  next = { camera: track('camera'), mic: track('mic'), screen: track('screen') };
});

function studio(): StudioStore {
  return new StudioStore('s', 'ليلى', 'rtl', () => [], {
    devices: {
      capture: () => Promise.resolve({ camera: captured(next.camera), mic: captured(next.mic) }),
      captureOne: (kind, id) => {
        asked.push(`${kind} ${id}`);
        return Promise.resolve(captured(found[id ?? ''] ?? next[kind]));
      },
      captureScreen: () => Promise.resolve(captured(next.screen)),
      listDevices: () => Promise.resolve({ camera: [{ id: 'c1', label: 'Cam' }], mic: [] }),
      remember: () => {},
      remembered: () => null,
    },
    sender: (given) => {
      const screen = given.kind === 'screen';
      if (screen) beside = given;
      const become = (state: LinkState): void => {
        if (screen) sent.push(`screen link ${state}`);
        given.onState(state, null);
      };
      return {
        link: { open: () => become('connecting'), close: () => become('closed') },
        setAudio: (one) => Promise.resolve(void sent.push(`audio ${(one as unknown as Track | null)?.kind}`)),
        setVideo: (one, picture) => Promise.resolve(void sent.push(`${picture} ${(one as unknown as Track).kind}`)),
      };
    },
    claim: (name, onTaken) => {
      took = onTaken;
      sent.push(`claim ${name}`);
      return () => void sent.push('let go');
    },
    still: (name) => ({ track: track(`still of ${name}`) as unknown as MediaStreamTrack, stop: () => {} }),
    meter: (onLevel) => {
      level = onLevel;
      return { listen: () => {}, stop: () => {} };
    },
  });
}

describe('StudioStore', () => {
  it('begins with both, and sends them when entered', async () => {
    const one = studio();
    await one.start();
    await one.enter();
    expect([one.phase, one.picture, one.sending, sent.slice(-2)]).toEqual(['on', 'camera', true, ['audio mic', 'camera camera']]);
  });

  it('goes on without a camera: the name stands in its place', async () => {
    next.camera = 'missing';
    const one = studio();
    await one.start();
    expect([one.faults.camera, one.faults.mic, one.picture, sent.at(-1)]).toEqual(['missing', null, 'still', 'still still of ليلى']);
  });

  it('turns the camera really off and on again', async () => {
    const one = studio();
    await one.start();
    const first = next.camera as Track;
    await one.toggleCamera();
    expect([first.stopped, one.picture]).toEqual([true, 'still']);
    next.camera = track('camera again');
    await one.toggleCamera();
    expect(sent.at(-1)).toBe('camera camera again');
  });

  it('sends the screen beside the camera until it ends, by whomever', async () => {
    const one = studio();
    await one.start();
    await one.enter();
    await one.toggleScreen();
    expect([one.picture, sent.slice(-2)]).toEqual(['camera', ['screen screen', 'screen link connecting']]);
    (next.screen as Track).onended!();
    expect([one.screen, one.sending, sent.at(-1)]).toEqual([null, true, 'screen link closed']);
  });

  it('sends a screen that was chosen before, once entered', async () => {
    const one = studio();
    await one.start();
    await one.toggleScreen();
    expect(sent.at(-1)).toBe('screen screen');
    await one.enter();
    expect(sent.at(-1)).toBe('screen link connecting');
  });

  it('ends a screen that the stage does not take, and says so', async () => {
    const one = studio();
    await one.start();
    await one.enter();
    await one.toggleScreen();
    beside?.onState('refused', null);
    expect([one.screen, one.faults.screen, one.sending]).toEqual([null, 'unknown', true]);
  });

  it('says what was unplugged and carries on', async () => {
    const one = studio();
    await one.start();
    (next.camera as Track).onended!();
    await Promise.resolve();
    expect([one.faults.camera, one.picture]).toEqual(['lost', 'still']);
    next.camera = track('camera 2');
    await one.choose('camera', 'c2');
    expect([one.faults.camera, one.picture, asked]).toEqual([null, 'camera', ['camera c2']]);
  });

  it('keeps the microphone that works when another does not come', async () => {
    const one = studio();
    await one.start();
    const first = next.mic as Track;
    next.mic = 'busy';
    await one.choose('mic', 'm2');
    expect([one.mic, first.stopped, one.faults.mic, one.chosen.mic]).toEqual([first, false, 'busy', null]);
    next.mic = track('mic 2');
    await one.retry('mic');
    expect([one.mic, first.stopped, one.faults.mic, asked]).toEqual([next.mic, true, null, ['mic m2', 'mic m2']]);
  });

  it('takes the camera back when another does not come', async () => {
    const one = studio();
    await one.start();
    const first = next.camera as Track;
    next.camera = 'busy';
    found['id of camera'] = track('camera again');
    await one.choose('camera', 'c2');
    expect([first.stopped, one.camera, one.faults.camera]).toEqual([true, found['id of camera'], 'busy']);
    expect(sent.at(-1)).toBe('camera camera again');
  });

  it('speaks on by whichever microphone there is when one was unplugged', async () => {
    const one = studio();
    await one.start();
    const first = next.mic as Track;
    next.mic = track('another');
    first.onended!();
    await vi.waitFor(() => expect(one.mic).toBe(next.mic));
    expect([one.faults.mic, asked]).toEqual(['lost', ['mic null']]);
    one.noted('mic');
    expect(one.faults.mic).toBe(null);
  });

  it('leaves a camera off that was turned off before it came', async () => {
    const one = studio();
    await one.start();
    const coming = one.choose('camera', 'c2');
    next.camera = track('late');
    void one.toggleCamera();
    await coming;
    expect([one.camera, one.cameraOn]).toEqual([null, false]);
  });

  it('stops when the person goes on in another window, and takes it back', async () => {
    const one = studio();
    await one.start();
    await one.enter();
    took();
    expect([one.sending, one.elsewhere, sent.at(-1)]).toEqual([false, true, 'screen link closed']);
    await one.enter();
    expect([one.sending, one.elsewhere, sent.filter((what) => what.startsWith('claim'))]).toEqual([true, false, ['claim speak:s', 'claim speak:s']]);
  });

  it('keeps a new microphone muted when it was muted', async () => {
    const one = studio();
    await one.start();
    one.toggleMic();
    next.mic = track('mic 2');
    await one.choose('mic', 'm2');
    expect([(next.mic as Track).enabled, sent.includes('audio mic 2')]).toEqual([false, true]);
  });

  it('hears when something is said', async () => {
    const one = studio();
    await one.start();
    level(0.1);
    expect(one.heard).toBe(false);
    level(0.6);
    expect(one.heard).toBe(true);
  });

  it('lets everything go when closed', async () => {
    const one = studio();
    await one.start();
    one.close();
    expect([(next.camera as Track).stopped, (next.mic as Track).stopped, one.link]).toEqual([true, true, 'closed']);
  });
});
