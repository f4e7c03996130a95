import type { ControlInteraction, Input, Operation, Output } from './contract.ts';

/** The methods of the control client for what people do with applications. Refusals of Discord's client are thrown. */
export abstract class InteractionControl {
  protected abstract call<Name extends Operation>(name: Name, input: Input<Name>): Promise<Output<Name>>;

  /** A person types a slash command; `variant` sends it with a bad signature or twice. */
  command(request: Input<'command'>): Promise<ControlInteraction> {
    return this.call('command', request);
  }
  /** A person is typing the option `focused`; the outcome has `choices`. */
  autocomplete(request: Input<'autocomplete'>): Promise<ControlInteraction> {
    return this.call('autocomplete', request);
  }
  /** A person chooses a command from the menu of a user or a message. */
  contextCommand(request: Input<'contextCommand'>): Promise<ControlInteraction> {
    return this.call('contextCommand', request);
  }
  /** A person clicks a button of a message. */
  click(request: Input<'click'>): Promise<ControlInteraction> {
    return this.call('click', request);
  }
  /** A person chooses in a select of a message. */
  select(request: Input<'select'>): Promise<ControlInteraction> {
    return this.call('select', request);
  }
  /** A person sends the modal that an interaction was answered with. */
  submitModal(request: Input<'submitModal'>): Promise<ControlInteraction> {
    return this.call('submitModal', request);
  }
  /** Discord's check of the interactions URL. */
  ping(request: Input<'ping'>): Promise<ControlInteraction> {
    return this.call('ping', request);
  }
  /** A person adds the application to their own account. */
  async installForUser(applicationId: string, userId: string): Promise<void> {
    await this.call('installForUser', { applicationId, userId });
  }
  /** The private channel of a bot and a person; the same one each time. */
  openDirectMessage(botUserId: string, userId: string): Promise<{ channelId: string }> {
    return this.call('openDirectMessage', { botUserId, userId });
  }
}
