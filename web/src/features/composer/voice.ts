// Recording a voice message, with its loudness over time.
import { MsgType } from "matrix-js-sdk";

export interface VoiceRecording {
  file: File;
  durationMs: number;
  /** Loudness over time, from 0 to 1. */
  waveform: number[];
}

const bars = 60;
const loudest = 1024;
const types = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

/** A recording that is under way. */
export class VoiceRecorderSession {
  readonly startedAt = Date.now();
  private readonly chunks: Blob[] = [];
  private readonly levels: number[] = [];
  private readonly stream: MediaStream;
  private readonly recorder: MediaRecorder;
  private readonly context = new AudioContext();
  private readonly analyser: AnalyserNode;

  private constructor(stream: MediaStream) {
    this.stream = stream;
    const mimeType = types.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, {
      audioBitsPerSecond: 24_000,
      ...(mimeType !== undefined && { mimeType }),
    });
    this.recorder.ondataavailable = ({ data }) => this.chunks.push(data);
    this.analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.recorder.start();
  }

  /** Asks for the microphone, and begins. */
  static async start(): Promise<VoiceRecorderSession> {
    return new VoiceRecorderSession(await navigator.mediaDevices.getUserMedia({ audio: true }));
  }

  /** Measures how loud it is now. To be called regularly. */
  listen(): number {
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const level = Math.min(1, Math.sqrt(power) * 4);
    this.levels.push(level);
    return level;
  }

  async finish(): Promise<VoiceRecording> {
    const durationMs = Date.now() - this.startedAt;
    await new Promise((resolve) => {
      this.recorder.onstop = resolve;
      this.recorder.stop();
    });
    this.release();
    const type = this.recorder.mimeType.split(";")[0] ?? "audio/webm";
    const file = new File(this.chunks, `voice.${type.slice("audio/".length)}`, { type });
    return { file, durationMs, waveform: resample(this.levels, bars) };
  }

  cancel(): void {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    this.release();
  }

  private release(): void {
    for (const track of this.stream.getTracks()) track.stop();
    void this.context.close();
  }
}

/** The content of a voice message (MSC3245 and MSC3246, which the phone apps know). */
export function voiceContent({ file, durationMs, waveform }: VoiceRecording, body: string): Record<string, unknown> {
  return {
    "msgtype": MsgType.Audio,
    body,
    "filename": file.name,
    "info": { mimetype: file.type, size: file.size, duration: durationMs },
    "org.matrix.msc1767.audio": {
      duration: durationMs,
      waveform: waveform.map((level) => Math.round(level * loudest)),
    },
    "org.matrix.msc3245.voice": {},
    "m.mentions": {},
  };
}

/** Brings a list of levels to a number of bars: the loudest of each stretch. */
export function resample(levels: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / count));
    return Math.max(0, ...levels.slice(from, to));
  });
}
