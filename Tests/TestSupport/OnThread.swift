// What blocks, away from the threads that all tests share.

import Foundation

/// Runs what blocks on a thread of its own: of the pool's there are as few as processors, and what
/// it waits for may need one.
package func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result(catching: body)) }.start()
    }
}
