import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { iconsPlugin } from './tools/icons-plugin.ts';
import { icuPlugin } from './tools/icu-plugin.ts';
import { shellPlugin } from './tools/shell-plugin.ts';
import { squeezePlugin } from './tools/squeeze-plugin.ts';
import { trimPlugin } from './tools/trim-plugin.ts';

/** Where `vite dev` finds the Python server; `make dev` sets it. */
const server = process.env.MULTAQA_DEV_SERVER ?? 'http://127.0.0.1:8000';

/**
 * What nearly every page needs goes into one file: left alone, the bundler makes some fifteen of a few
 * hundred bytes, and each costs a turn of a slow connection.
 */
function isBase(id: string): boolean {
  if (/svelte\/src\/(internal|reactivity|index)/.test(id)) return !/transitions|custom-element|legacy|svelte-element|bindings\/(select|input)|blocks\/(html|await)|shared\/clone|dev\/equality/.test(id);
  if (/node_modules\/(clsx|esm-env)\//.test(id)) return true;
  if (/src\/(app\/(TopTools|BottomBar|ConnectionLine|Missing|Trouble|late|offline)|i18n\/(zones|fold|hijri|days))/.test(id)) return false;
  return /src\/(net|i18n|app)\/|src\/(router|first|App|ui\/(Avatar|Bdi|Skeleton|Tabs|toasts|copy)|features\/chat\/drafts)/.test(id) && !/words\.gen/.test(id);
}

export default defineConfig(({ mode }) => ({
  plugins: [iconsPlugin(), trimPlugin(), svelte({ configFile: false }), icuPlugin(), shellPlugin(), squeezePlugin()],
  resolve: {
    alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) },
    // An empty list here would drop Vite's own conditions and bundle Svelte's server half.
    ...(mode === 'test' ? { conditions: ['browser'] } : {}),
  },
  html: { cspNonce: '{{nonce}}' },
  build: {
    target: 'es2022',
    cssTarget: ['chrome111', 'safari16.4', 'firefox115'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false, resolveDependencies: (_, needs, { hostId }) => (/\/base-/.test(hostId) ? needs.filter((name) => name.endsWith('.css')) : needs) },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'base', test: isBase }],
        },
      },
      treeshake: {
        // Svelte's barrel says nothing about side effects, so all of it would go into the first chunk.
        moduleSideEffects: [{ test: /svelte\/src\/internal\/client\//, sideEffects: false }],
      },
    },
  },
  server: {
    proxy: {
      '/api': server,
      '/whip': server,
      '/whep': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts'],
    restoreMocks: true,
    testTimeout: 60_000, // a limit for what hangs, not for what is slow: no test asserts wall-clock time
  },
}));
