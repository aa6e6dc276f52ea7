/** The picture of somebody whose camera is off: their name on petrol, so that viewers never see black or a frozen face. */
const WIDTH = 960;
const HEIGHT = 540;

export class Still {
  readonly track: MediaStreamTrack;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(name: string, direction: 'rtl' | 'ltr') {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const pen = canvas.getContext('2d', { alpha: false })!;
    const draw = (): void => paint(pen, name, direction);
    draw();
    this.track = canvas.captureStream(5).getVideoTracks()[0]!;
    // A canvas gives frames only when drawn on.
    this.timer = setInterval(draw, 400);
  }

  stop(): void {
    clearInterval(this.timer);
    this.track.stop();
  }
}

function paint(pen: CanvasRenderingContext2D, name: string, direction: 'rtl' | 'ltr'): void {
  const shade = pen.createLinearGradient(0, 0, 0, HEIGHT);
  shade.addColorStop(0, '#0b4a4a');
  shade.addColorStop(1, '#062b2c');
  pen.fillStyle = shade;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const letter = [...name.trim()].find((sign) => /\p{L}|\p{N}/u.test(sign)) ?? '؟';
  pen.fillStyle = '#1a6c69';
  pen.beginPath();
  pen.arc(WIDTH / 2, HEIGHT * 0.33, 92, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = '#ffffff';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.direction = direction;
  pen.font = "700 92px 'Vazirmatn Variable', system-ui, sans-serif";
  pen.fillText(letter, WIDTH / 2, HEIGHT * 0.33);
  pen.font = "600 40px 'Vazirmatn Variable', system-ui, sans-serif";
  pen.fillText(name, WIDTH / 2, HEIGHT * 0.59, WIDTH * 0.86);
}
