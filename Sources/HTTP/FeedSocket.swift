// What the kernel keeps for the socket of a feed, and for how long.

import Glibc

enum FeedSocket {
    /// A client that vanished without a word is given up after so many milliseconds.
    private static let silence: CInt = 60_000
    /// `TCP_USER_TIMEOUT` of `linux/tcp.h`, which Swift's Glibc module does not have.
    private static let userTimeout: CInt = 18

    /// Best effort: without it a slow client costs more memory of the kernel, and no harm is done.
    static func prepare(_ descriptor: CInt, _ limits: HTTPLimits) {
        var bytes = CInt(clamping: limits.feedBytes)
        let size = socklen_t(MemoryLayout<CInt>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, size)
        var silence = silence
        // Refused for sockets of this machine, which tell by themselves.
        _ = unsafe setsockopt(
            descriptor, CInt(IPPROTO_TCP), userTimeout, &silence, size)
    }
}
