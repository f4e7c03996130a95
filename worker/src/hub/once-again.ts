/** An object that moves or restarts fails calls for a moment, and says which may be repeated. One that is overloaded is left alone. */
export async function onceAgain<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
    if (retryable !== true || overloaded === true) throw error;
    return call();
  }
}
