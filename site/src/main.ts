import { mount } from 'svelte';
import 'uplot/dist/uPlot.min.css';
import './app.css';
import App from './App.svelte';
import { browser } from './engine/browser';
import { Playground } from './state/playground.svelte';

mount(App, { target: document.getElementById('app')!, props: { playground: new Playground(browser) } });
