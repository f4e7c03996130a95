/** How captioning of one leg stands, in the words of `caption.state`. Pure: told only when it changes. */

export interface LegState {
  state: 'on' | 'delayed' | 'broken' | 'off';
  code: string;
  message: string;
}

const on: LegState = { state: 'on', code: 'captions_on', message: 'Captions are on.' };
const delayed: LegState = {
  state: 'delayed',
  code: 'captions_delayed',
  message: 'Captions are late: the transcription service has no room at the moment. Nothing is lost so far.',
};
const broken: LegState = {
  state: 'broken',
  code: 'captions_broken',
  message: 'Some words could not be captioned. The transcript takes them from the recording, where there is one.',
};
export const stopped: LegState = { state: 'off', code: 'captions_stopped', message: 'Captions were stopped.' };

export class LegStanding {
  readonly #late = new Set<string>();
  #lost = false;
  #trouble: { code: string; message: string } | undefined;
  #told: LegState | undefined;

  late(userId: string, isLate: boolean): LegState | undefined {
    if (isLate) this.#late.add(userId);
    else this.#late.delete(userId);
    return this.look();
  }

  /** Words were lost. */
  lost(): LegState | undefined {
    this.#lost = true;
    return this.look();
  }

  /** Words came. */
  heard(): LegState | undefined {
    this.#lost = false;
    return this.look();
  }

  /** The service takes no connection, and why; `undefined`: it does. */
  trouble(trouble: { code: string; message: string } | undefined): LegState | undefined {
    this.#trouble = trouble;
    return this.look();
  }

  /** How it stands, if that is different from what was told last. */
  look(): LegState | undefined {
    const is = this.#lost ? broken : this.#late.size > 0 ? delayed : on;
    const state = is.state === 'on' ? is : { ...is, ...this.#trouble };
    if (state.state === this.#told?.state && state.code === this.#told.code) return undefined;
    this.#told = state;
    return state;
  }
}
