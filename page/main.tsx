import { render } from 'preact'
import { App } from './frame/app.tsx'

const place = document.getElementById('page')
if (place !== null) render(<App />, place)
