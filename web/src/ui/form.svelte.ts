/** One try of a form: busy while under way, the sentence and the fields when refused. */
import { ApiError, sentence } from '~/net/api';

export class Attempt {
  busy = $state(false);
  fault = $state<string | null>(null);
  fields = $state<Record<string, string>>({});
  code = $state<string | null>(null);

  /** Runs once at a time; true when it succeeded. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.fault = null;
    this.fields = {};
    this.code = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.fault = sentence(error);
      if (error instanceof ApiError) {
        this.fields = error.fields;
        this.code = error.code;
      }
      return false;
    } finally {
      this.busy = false;
    }
  }
}
