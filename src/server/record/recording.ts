/** Records a server into a file, until it ends. */
import { rmSync } from 'node:fs';
import type { Log } from '../log.js';
import { type Beginning, Recorder } from './recorder.js';
import { RecordingFile } from './recording-file.js';

/** The recording of one server. */
export class Recording {
  /** The world of the server. */
  readonly world: Recorder;
  readonly #path: string;
  readonly #file: RecordingFile;

  /** @throws Error if there is a file already, or it cannot be made */
  constructor(path: string, beginning: Beginning, log: Log) {
    this.#path = path;
    this.#file = RecordingFile.create(path, {
      onFailure: (error) => {
        log.error('recording ended', { file: path, error: error.message });
      },
    });
    this.world = new Recorder(this.#file, beginning);
    process.once('exit', this.#save);
  }

  /** An exception is found by the lines recorded before it. */
  readonly #save = (): void => {
    this.world.flush();
    this.#file.end();
  };

  /** The server has not started, and the next try needs a new file. */
  discard(): void {
    process.off('exit', this.#save);
    this.#file.end();
    rmSync(this.#path, { force: true });
  }

  /** The server has ended in good order. */
  finish(): void {
    process.off('exit', this.#save);
    this.world.finish();
    this.#file.end();
  }
}
