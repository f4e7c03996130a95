const sampleRate = 48_000;

/** Sound of one person, both ways (see `sim/src/page/sound.ts` for what is on the wire). */
export class SoundSocket {
  readonly #socket: WebSocket;
  readonly #context: AudioContext;
  readonly #player: AudioWorkletNode;
  #microphone: { stream: MediaStream; source: MediaStreamAudioSourceNode; capture: AudioWorkletNode } | undefined;

  private constructor(socket: WebSocket, context: AudioContext, player: AudioWorkletNode) {
    this.#socket = socket;
    this.#context = context;
    this.#player = player;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#player.port.postMessage(data, [data as ArrayBuffer]));
  }

  /** `onClose` is called when the simulator ends it. */
  static async open(userId: string, onClose: () => void): Promise<SoundSocket> {
    const context = new AudioContext({ sampleRate, latencyHint: 'interactive' });
    await context.audioWorklet.addModule('/page/files/voice/player-worklet.ts');
    await context.audioWorklet.addModule('/page/files/voice/capture-worklet.ts');
    const socket = new WebSocket(`/page/sound?userId=${userId}`);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('error', () => reject(new Error('the simulator takes no sound from here')), {
        once: true,
      });
    });
    socket.addEventListener('close', onClose);
    const player = new AudioWorkletNode(context, 'player', { numberOfInputs: 0, outputChannelCount: [2] });
    return new SoundSocket(socket, context, player);
  }

  async listen(on: boolean): Promise<void> {
    await this.#context.resume();
    if (on) this.#player.connect(this.#context.destination);
    else this.#player.disconnect();
  }

  /** Asks for the microphone. Throws what the browser says when there is none or it is not allowed. */
  async speak(on: boolean): Promise<void> {
    if (!on) return this.#silence();
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, sampleRate, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    await this.#context.resume();
    const source = this.#context.createMediaStreamSource(stream);
    const capture = new AudioWorkletNode(this.#context, 'capture', { numberOfOutputs: 0 });
    capture.port.onmessage = ({ data }) => {
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data as ArrayBuffer);
    };
    source.connect(capture);
    this.#microphone = { stream, source, capture };
  }

  close(): void {
    this.#silence();
    this.#socket.close();
    void this.#context.close();
  }

  #silence(): void {
    this.#microphone?.source.disconnect();
    this.#microphone?.capture.port.close();
    for (const track of this.#microphone?.stream.getTracks() ?? []) track.stop();
    this.#microphone = undefined;
  }
}
