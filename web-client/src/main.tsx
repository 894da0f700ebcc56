import { Component, StrictMode, Suspense, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { startLanguage, useT } from './i18n';
import { go, usePath } from './lib/navigate';
import { matchRoute } from './router';
import { Button } from './ui/button';
import { Notice } from './ui/notice';
import './ui/theme.css';
import './ui/ui.css';

function Failed() {
  const t = useT();
  return <Notice title={t('app.failed')} action={<Button kind="primary" onClick={() => window.location.reload()}>{t('link.reload')}</Button>} />;
}

/** A page that throws says so and can be opened again; it never leaves a white screen before a class. */
class Guard extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function App() {
  const t = useT();
  const path = usePath();
  const route = matchRoute(path);
  if (route === null) {
    return <Notice title={t('app.notFound')} action={<Button kind="primary" onClick={() => go('/')}>{t('app.back')}</Button>} />;
  }
  const { page: Page, id } = route;
  return (
    <Guard key={path}>
      <Suspense fallback={<Notice title={t('app.loading')} />}>
        <Page id={id} />
      </Suspense>
    </Guard>
  );
}

startLanguage();
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
