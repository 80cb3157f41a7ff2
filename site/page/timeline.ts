/** The element `<fdmux-timeline src="timeline.json">`: the steps of a recorded run, and what each wait reported. */
import { answerTo, loadRecording, type Recording, type Step, type Story } from './timeline-recording.js';
import { make, Track } from './timeline-track.js';

const PLAY_MS = 1500;

function button(text: string, act: () => void): HTMLButtonElement {
  const element = make('button', '', text);
  element.type = 'button';
  element.addEventListener('click', act);
  return element;
}

/** A step in words, for the line below the buttons. */
function inWords(step: Step, triggers: readonly string[]): string {
  const reporting = triggers.filter((_trigger, index) => step.reports[index] === true);
  const who = reporting.length === 0 ? 'No trigger reports it.' : `Reported by: ${reporting.join(', ')}.`;
  return `${step.text}. ${step.unread} bytes are unread. ${who}`;
}

class Timeline {
  readonly elements: readonly HTMLElement[];
  readonly #recording: Recording;
  readonly #track: Track;
  readonly #lead = make('p', 'timeline-lead');
  readonly #status = make('p', 'timeline-status');
  readonly #stories = make('select', '');
  readonly #slider = make('input', '');
  readonly #back = button('Back', () => this.#go(this.#current - 1));
  readonly #next = button('Next', () => this.#go(this.#current + 1));
  readonly #play = button('Play', () => this.#togglePlay());
  readonly #choices: readonly HTMLButtonElement[];
  readonly #undo = button('Undo', () => this.#take(this.#order.slice(0, -1)));
  readonly #player: HTMLElement;
  readonly #chooser: HTMLElement;
  #steps: readonly Step[] = [];
  #current = 0;
  /** The choices of the reader's own order, by their numbers. */
  #order: readonly number[] = [];
  #timer: number | null = null;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#track = new Track(recording.triggers, (index) => this.#go(index));
    this.#status.setAttribute('role', 'status');
    this.#slider.type = 'range';
    this.#slider.min = '1';
    this.#slider.addEventListener('input', () => this.#go(Number(this.#slider.value) - 1));
    const titles = [...recording.stories.map(({ title }) => title), 'Your own order'];
    this.#stories.append(...titles.map((title) => make('option', '', title)));
    this.#stories.addEventListener('change', () => this.#open());
    this.#choices = recording.choices.map(({ text }, index) => button(text, () => this.#take([...this.#order, index])));
    const slider = make('label', '', 'Step ', this.#slider);
    this.#player = make('div', 'timeline-buttons', this.#back, this.#next, this.#play, slider);
    this.#chooser = make('div', 'timeline-buttons', ...this.#choices, this.#undo);
    this.elements = [
      make('label', 'timeline-stories', 'Story ', this.#stories),
      this.#lead,
      this.#player,
      this.#chooser,
      this.#status,
      this.#track.element,
    ];
    this.#open();
  }

  /** Ends what goes on by itself. */
  stop(): void {
    if (this.#timer !== null) window.clearTimeout(this.#timer);
    this.#timer = null;
    this.#play.textContent = 'Play';
  }

  #open(): void {
    this.stop();
    const story: Story | undefined = this.#recording.stories[this.#stories.selectedIndex];
    this.#player.hidden = story === undefined;
    this.#chooser.hidden = story !== undefined;
    if (story === undefined) {
      this.#lead.textContent = `Up to ${this.#recording.levels.length} steps in any order. Every order has been run.`;
      this.#take([]);
      return;
    }
    this.#lead.textContent = story.lead;
    this.#steps = story.steps;
    this.#slider.max = String(story.steps.length);
    this.#track.draw(story.steps);
    this.#go(0);
  }

  /** Shows the reader's own order. */
  #take(order: readonly number[]): void {
    this.#order = order;
    this.#steps = order.flatMap((_choice, index) => answerTo(this.#recording, order.slice(0, index + 1)) ?? []);
    this.#track.draw(this.#steps);
    this.#undo.disabled = order.length === 0;
    for (const [index, choice] of this.#choices.entries()) {
      choice.disabled = answerTo(this.#recording, [...order, index]) === null;
    }
    this.#go(this.#steps.length - 1);
  }

  #go(wanted: number): void {
    this.#current = Math.max(0, Math.min(wanted, this.#steps.length - 1));
    const step = this.#steps[this.#current];
    this.#track.select(this.#current);
    this.#status.textContent =
      step === undefined
        ? 'Choose what happens first.'
        : `Step ${this.#current + 1}: ${inWords(step, this.#recording.triggers)}`;
    this.#slider.value = String(this.#current + 1);
    this.#slider.setAttribute('aria-valuetext', `step ${this.#current + 1}: ${step?.text ?? ''}`);
    this.#back.disabled = this.#current === 0;
    this.#next.disabled = this.#isAtEnd;
  }

  get #isAtEnd(): boolean {
    return this.#current >= this.#steps.length - 1;
  }

  #togglePlay(): void {
    if (this.#timer !== null) {
      this.stop();
      return;
    }
    if (this.#isAtEnd) this.#go(0);
    this.#play.textContent = 'Pause';
    const turn = (): void => {
      this.#go(this.#current + 1);
      if (this.#isAtEnd) this.stop();
      else this.#timer = window.setTimeout(turn, PLAY_MS);
    };
    this.#timer = window.setTimeout(turn, PLAY_MS);
  }
}

class TimelineElement extends HTMLElement {
  #timeline: Timeline | null = null;

  connectedCallback(): void {
    if (this.#timeline === null) void this.#load();
  }

  disconnectedCallback(): void {
    this.#timeline?.stop();
  }

  /** Puts the timeline where the table was. If it cannot be loaded, the table stays. */
  async #load(): Promise<void> {
    const recording = await loadRecording(this.getAttribute('src') ?? '').catch((error: unknown) => {
      console.error(error);
      return null;
    });
    if (recording === null) return;
    this.#timeline = new Timeline(recording);
    this.replaceChildren(...this.#timeline.elements);
    this.toggleAttribute('ready', true);
  }
}

customElements.define('fdmux-timeline', TimelineElement);
