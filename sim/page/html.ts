import htm from 'htm';
import { h, type VNode } from 'preact';

/** Components as tagged templates, so that nothing has to be compiled. */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
