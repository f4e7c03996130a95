import type { ReportRecord } from './record.ts';

type BodyRow = { body: string };

/** The one row of a report: its record, or that it is gone. */
export class ReportStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec('CREATE TABLE IF NOT EXISTS report(id INTEGER PRIMARY KEY CHECK(id = 1), body TEXT NOT NULL)');
  }

  /** `undefined` before it was opened, and when it is gone. */
  record(): ReportRecord | undefined {
    const body = this.#body();
    return body && 'call' in body ? body : undefined;
  }

  put(record: ReportRecord): void {
    this.#write(record);
  }

  /** Everything of it was deleted. That is remembered: what a voice node stores later is to be deleted, too. */
  forget(reportId: string): void {
    this.#write({ gone: reportId });
  }

  isGone(): boolean {
    return this.goneId() !== undefined;
  }

  goneId(): string | undefined {
    const body = this.#body();
    return body && 'gone' in body ? body.gone : undefined;
  }

  #body(): ReportRecord | { gone: string } | undefined {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM report').toArray();
    return row && (JSON.parse(row.body) as ReportRecord | { gone: string });
  }

  #write(body: ReportRecord | { gone: string }): void {
    this.#sql.exec('INSERT OR REPLACE INTO report(id, body) VALUES (1, ?)', JSON.stringify(body));
  }
}
