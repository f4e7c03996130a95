/** Answers by kind. 401, 403 and 429 are Discord's "invalid requests": 10,000 in ten minutes get an address banned. */
export class RestCounters {
  restAnswers = 0;
  restUnauthorized = 0;
  restForbidden = 0;
  restRateLimited = 0;

  count(status: number): void {
    this.restAnswers += 1;
    if (status === 401) this.restUnauthorized += 1;
    if (status === 403) this.restForbidden += 1;
    if (status === 429) this.restRateLimited += 1;
  }
}
