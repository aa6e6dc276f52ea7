/** Begins: reads what the shell says, loads the language and the address's page, then takes the shell's place. */
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { account } from './app/me.svelte';
import { preferences } from './app/preferences.svelte';
import { loadFont } from './app/font';
import { language, type Locale } from './i18n/t.svelte';
import { setBuild } from './net/client.svelte';
import type { Me } from './net/shapes';
import { router } from './router.svelte';

interface Boot { me: Me | null; build: string; locale: Locale; demo: boolean }

function readBoot(): Boot | null {
  try {
    return JSON.parse(document.getElementById('boot')?.textContent ?? '') as Boot | null;
  } catch {
    return null; // `vite` without the server
  }
}

async function start(): Promise<void> {
  const boot = readBoot();
  setBuild(boot?.build ?? '');
  account.demo = boot?.demo ?? false;
  preferences.startDigits();
  await Promise.all([language.use(boot?.me?.person.locale ?? boot?.locale ?? 'ar'), boot ? undefined : account.refresh().catch(() => {})]);
  if (boot?.me) await account.enter(boot.me);
  await router.start();
  const target = document.getElementById('app')!;
  target.replaceChildren();
  mount(App, { target });
  document.documentElement.dataset.ready = 'true';
  loadFont();
}

void start();
