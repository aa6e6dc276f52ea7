/** How loud a microphone is, 0 to 1, for the eye: a meter that moves when one speaks. */
export class Meter {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly onLevel: (level: number) => void) {}

  listen(track: MediaStreamTrack): void {
    this.stop();
    if (typeof AudioContext === 'undefined') return;
    const context = (this.context = new AudioContext());
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.onLevel(levelOf(samples));
    }, 80);
    void context.resume();
  }

  stop(): void {
    clearInterval(this.timer);
    void this.context?.close();
    this.context = null;
    this.onLevel(0);
  }
}

const QUIET_DB = -60;
const LOUD_DB = -10;

/** Loudness as people feel it: in decibels, from a quiet room to close speech. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}
