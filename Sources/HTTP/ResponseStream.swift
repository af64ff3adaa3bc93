// Letters from tasks that answer to the loop that owns the sockets, and a stream made of them.

package import Failures
import Glibc
import Synchronization

/// A body that is written piece by piece.
package struct ResponseStream: Sendable {
    /// The client left, or took nothing for too long, or the server stops.
    package struct ClientGone: ClassifiedFailure, CustomStringConvertible {
        package var failureClass: FailureClass { .transient }
        package var description: String { "the client is gone" }
    }

    let id: Int
    let mailbox: Mailbox

    /// Sends a piece; waits while the client has too much before it.
    /// - Throws: `ClientGone`.
    package func write(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let isPosted = mailbox.post(.piece(id: id, bytes, continuation))
            if !isPosted { continuation.resume(throwing: ClientGone()) }
        }
    }
}

/// What tasks tell the loop.
final class Mailbox: Sendable {
    enum Letter: Sendable {
        case answer(id: Int, HTTPResponse)
        case piece(id: Int, [UInt8], CheckedContinuation<Void, any Error>)
        /// The stream has ended; `isWhole` where it did so by itself.
        case end(id: Int, isWhole: Bool)
        case stop
        /// Look at the clock.
        case look
        /// There is news for feeds.
        case news
    }

    private struct Contents {
        var letters: [Letter] = []
        /// Whether a letter already says that there is news.
        var hasNews = false
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    /// Readable when there are letters.
    let bell: CInt
    private let rope: CInt

    init() throws(Listener.ListenError) {
        var pair: [CInt] = [-1, -1]
        let kind =
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw Listener.ListenError(call: "socketpair", place: "", code: errno)
        }
        (bell, rope) = (pair[0], pair[1])
    }

    deinit {
        close(bell)
        close(rope)
    }

    /// - Returns: false where nobody will read it.
    @discardableResult
    func post(_ letter: Letter) -> Bool {
        contents.withLock { contents in
            if contents.isClosed { return false }
            if case .news = letter {
                if contents.hasNews { return true }
                contents.hasNews = true
            }
            contents.letters.append(letter)
            // A bell that cannot be rung any louder rings already.
            var byte: UInt8 = 1
            _ = unsafe send(rope, &byte, 1, CInt(MSG_NOSIGNAL))
            return true
        }
    }

    func take() -> [Letter] {
        var bytes = [UInt8](repeating: 0, count: 512)
        while unsafe recv(bell, &bytes, bytes.count, 0) > 0 {}
        return contents.withLock { contents in
            defer { (contents.letters, contents.hasNews) = ([], false) }
            return contents.letters
        }
    }

    /// Takes no more letters.
    /// - Returns: the last ones.
    func shut() -> [Letter] {
        contents.withLock { contents in
            contents.isClosed = true
            defer { contents.letters = [] }
            return contents.letters
        }
    }
}
