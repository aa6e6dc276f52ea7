/** What can go wrong between a browser and the stage, in kinds that each have a sentence of their own. */

/** A refusal of the media doors. `passing`: asking again later may be answered otherwise. */
export class DoorFault extends Error {
  override name = 'DoorFault';
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(sentence);
  }

  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 409 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Why a camera, microphone or screen cannot be had.
 * refused: the person or their system said no. missing: there is none. busy: another program holds it.
 * insecure: the page came by plain http. inside_app: opened inside a chat or social app that gives no camera.
 * unsupported: this browser cannot. lost: it was unplugged meanwhile. unknown: none of these.
 */
export type DeviceFault = 'refused' | 'missing' | 'busy' | 'insecure' | 'inside_app' | 'unsupported' | 'lost' | 'unknown';

/** Browsers built into other apps, which seldom hand a page the camera. */
const INSIDE_APP = /FBAN|FBAV|FB_IAB|Instagram|Line\/|WhatsApp|Snapchat|TikTok|BytedanceWebview|MicroMessenger|Twitter|LinkedInApp|; wv\)/;

export function insideApp(agent: string = navigator.userAgent): boolean {
  return INSIDE_APP.test(agent);
}

/** What stands in the way before anything is asked of the person; null when nothing does. */
export function obstacle(at: { secure: boolean; devices: boolean; agent: string }): DeviceFault | null {
  if (at.devices) return null;
  if (!at.secure) return 'insecure';
  return insideApp(at.agent) ? 'inside_app' : 'unsupported';
}

export function deviceFault(error: unknown, agent: string = navigator.userAgent): DeviceFault {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return insideApp(agent) ? 'inside_app' : 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unknown';
  }
}
