/** From what was measured to what a person can do about it: at most one sentence for each cause, the gravest first. */
import type { Upload } from '~/media/numbers';
import type { Source } from '~/net/shapes';

export type Advice =
  | { key: 'silent' | 'loss' | 'device' | 'late' }
  | { key: 'weak'; mbps: number }
  | { key: 'weak.unknown' }
  | { key: 'keyframes'; seconds: number }
  | { key: 'heavy'; mbps: number };

export type Grade = 'good' | 'weak' | 'bad';

const LOSS = 0.05;
const LATE_MS = 400;
const SILENT_S = 5;
const SELDOM_S = 4;
/** What the camera's three layers and the sound take together. */
const ALL_LAYERS_KBPS = 1_700;
const HEAVY_KBPS = 4_000;

/** Of the browser's own sending. */
export function ofUpload(up: Upload): Advice[] {
  const found: Advice[] = [];
  if (up.loss > LOSS) found.push({ key: 'loss' });
  if (up.held === 'network' && (up.bears === null || up.bears < ALL_LAYERS_KBPS)) {
    found.push(up.bears === null ? { key: 'weak.unknown' } : { key: 'weak', mbps: up.bears / 1000 });
  }
  if (up.held === 'device') found.push({ key: 'device' });
  if (up.rttMs !== null && up.rttMs > LATE_MS) found.push({ key: 'late' });
  return found;
}

/** Of what arrives at the server; a browser sends whole pictures whenever somebody needs one. */
export function ofSource(source: Source): Advice[] {
  if (source.silent_s > SILENT_S) return [{ key: 'silent' }];
  const found: Advice[] = [];
  if (source.loss > LOSS) found.push({ key: 'loss' });
  if (source.kind === 'obs' && source.keyframe_s !== null && source.keyframe_s > SELDOM_S) found.push({ key: 'keyframes', seconds: Math.round(source.keyframe_s) });
  if (source.kind === 'obs' && source.kbps > HEAVY_KBPS) found.push({ key: 'heavy', mbps: source.kbps / 1000 });
  return found;
}

export function grade(advice: readonly Advice[]): Grade {
  if (advice.length === 0) return 'good';
  return advice.some(({ key }) => key === 'silent') ? 'bad' : 'weak';
}
