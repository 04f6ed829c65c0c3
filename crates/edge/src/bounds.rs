//! What one connection may cost, whatever the other side does with it: bytes in the buffers of the
//! kernel, time without progress, and bytes that a WebSocket may send.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_io_timeout::TimeoutStream;

/// Longest time in which the other side reads nothing of what is to be written.
const UNREAD_MAX: Duration = Duration::from_secs(10);
/// Bytes of the kernel's buffers in each direction. The kernel would let one peer that does not
/// read hold megabytes.
const KERNEL_BUFFER_BYTES: usize = 32 * 1024;

/// How many bytes a connection has received so far.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<AtomicU64>);

impl Received {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection that ends with [`io::ErrorKind::TimedOut`] when the other side stops reading.
pub(crate) struct Bounded<S> {
    stream: Pin<Box<TimeoutStream<S>>>,
    received: Received,
}

impl Bounded<TcpStream> {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        // Small frames must not wait for each other. A socket that refuses an option works
        // without it.
        let _ = stream.set_nodelay(true);
        let options = SockRef::from(&stream);
        let _ = options.set_send_buffer_size(KERNEL_BUFFER_BYTES);
        let _ = options.set_recv_buffer_size(KERNEL_BUFFER_BYTES);
        Self::new(stream)
    }
}

impl<S: AsyncRead + AsyncWrite> Bounded<S> {
    pub(crate) fn new(stream: S) -> Self {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(UNREAD_MAX));
        Self { stream: Box::pin(stream), received: Received::default() }
    }

    pub(crate) fn received(&self) -> Received {
        self.received.clone()
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.stream.as_mut().poll_read(cx, buf);
        self.received.0.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }
}
