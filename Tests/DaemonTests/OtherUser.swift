// Another user for one thread: the kernel keeps credentials by thread, and names those of the
// thread that connects. Only root can become somebody else and come back.

import Foundation
import Glibc

@_silgen_name("syscall")
private func rawCall(_ number: Int, _ first: Int, _ second: Int, _ third: Int) -> Int

enum OtherUser {
    #if arch(x86_64)
    private static let (setresuid, setgroups) = (117, 116)
    #else
    private static let (setresuid, setgroups) = (147, 159)
    #endif

    static var isPossible: Bool { geteuid() == 0 }

    private struct NotPossible: Error {}

    /// Runs `body` on a thread that is that user for the kernel.
    static func run<Value: Sendable>(
        _ user: Int, groups: [UInt32] = [], _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread {
                continuation.resume(
                    with: Result {
                        let set = unsafe groups.withUnsafeBytes {
                            rawCall(
                                setgroups, groups.count, Int(bitPattern: $0.baseAddress), 0)
                        }
                        guard set == 0, rawCall(setresuid, -1, user, -1) == 0 else {
                            throw NotPossible()
                        }
                        defer {
                            _ = rawCall(setresuid, -1, 0, -1)
                            _ = rawCall(setgroups, 0, 0, 0)
                        }
                        return try body()
                    })
            }.start()
        }
    }
}
