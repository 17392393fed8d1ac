// The visitor's own data sets.

import { EngineError, type Client } from '../engine/client';
import type { Engine } from '../engine/engine';
import type { Info, Listed, Previewed, Progress, Report } from '../engine/protocol.gen';
import { persist } from '../lib/persist';
import type { View } from './view.svelte';

/** How many records a preview shows. */
export const previewed = 5;

/** Data lists the data sets kept in this browser, imports files and takes data sets away. */
export class Data {
  datasets = $state.raw<Info[]>([]);
  /** Whether a list has come: before it, nothing is known to be missing. */
  listed = $state(false);
  lasting = $state(true);
  /** The import under way. */
  importing = $state.raw<(Pick<Progress, 'done' | 'label'> & { name: string }) | null>(null);
  /** What the last import found, and what it could not do. */
  report = $state.raw<{ dataset: Info; report: Report } | null>(null);
  failure = $state('');
  preview = $state.raw<(Previewed & { dataset: string }) | null>(null);

  #importer: Client | null = null;

  constructor(
    private readonly engine: () => Promise<Engine>,
    private readonly view: View,
  ) {}

  /** Asks what is there. */
  async refresh(): Promise<void> {
    await this.#change(async (client) => (await client.ask('list')).message);
  }

  /** Reads a file into a new data set. Returns it, or null where the file could not be used; failure then says why. */
  async import(file: File): Promise<Info | null> {
    if (this.importing) return null;
    this.importing = { name: file.name, done: 0, label: 'Opening the file' };
    this.failure = '';
    this.report = null;
    try {
      persist();
      const engine = await this.engine();
      const { message } = await engine.withImporter(this.lasting, (importer) => {
        this.#importer = importer;
        const progress = ({ done, label }: Progress) => (this.importing = { name: file.name, done, label });
        return importer.ask('import', { name: file.name, size: file.size }, { attachments: { file }, progress });
      });
      this.report = { dataset: message.dataset, report: message.report };
      await this.refresh();
      return message.dataset;
    } catch (error) {
      this.failure = wasCanceled(error) ? '' : `${file.name}: ${sentence(error)}`;
      return null;
    } finally {
      this.importing = null;
      this.#importer = null;
    }
  }

  /** Ends the import under way; what is stored stays as it was. */
  cancel(): void {
    this.#importer?.command('stop');
  }

  /** Puts a data set into the trash and offers to take it back. */
  async delete(dataset: Info): Promise<void> {
    const done = await this.#change(async (client) => (await client.ask('delete', { dataset: dataset.id })).message);
    if (!done) return;
    if (this.preview?.dataset === dataset.id) this.preview = null;
    if (this.report?.dataset.id === dataset.id) this.report = null;
    const dismiss = this.view.notify(`${dataset.name} was deleted.`, {
      label: 'Undo',
      testid: 'undo',
      act: () => {
        dismiss();
        void this.#change(async (client) => (await client.ask('restore', { dataset: dataset.id })).message);
      },
    });
  }

  /** Shows a page of a data set's records, or hides it. */
  async show(dataset: string, offset = 0): Promise<void> {
    try {
      const { data } = await this.engine();
      const { message } = await data.ask('preview', { dataset, offset, limit: previewed });
      this.preview = { ...message, dataset };
    } catch (error) {
      this.view.notify(sentence(error));
    }
  }

  async #change(ask: (client: Client) => Promise<Listed>): Promise<boolean> {
    try {
      const answer = await ask((await this.engine()).data);
      this.datasets = answer.datasets;
      this.lasting = answer.lasting;
      this.listed = true;
      if (answer.notice) this.view.notify(answer.notice);
      return true;
    } catch (error) {
      this.view.notify(sentence(error));
      return false;
    }
  }
}

/** Tells whether a request ended because the visitor canceled it. */
export function wasCanceled(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'canceled';
}

/** Says what went wrong. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
