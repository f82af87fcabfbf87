#!/usr/bin/env node
// A file that exists before anything is compiled, so that installers can link it.
import '../dist/bin.js';
