// A folder of its own for each test, under a short path: a unix socket's address has 107 bytes.

import Daemon
import DurableIO
import Foundation
import Glibc
import SystemPackage

final class TestFolder: Sendable {
    let path: FilePath

    /// - Parameter place: for tests that need another file system.
    init(in place: String = "/tmp") throws {
        let name = JobIdentifier.make(now: DaemonClock.system.now()).suffix(10)
        path = FilePath("\(place)/lf-\(name)")
        try Syscalls.makeFolders(path, mode: 0o700)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }

    func file(_ name: String) -> FilePath { path.appending(name) }

    /// Written in place, as an editor or `cp` would.
    func write(_ text: String, to path: FilePath) throws {
        // Names need not be text: no URL.
        let descriptor = try Syscalls.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        defer { try? Syscalls.close(descriptor, path) }
        let bytes = Array(text.utf8)
        try unsafe Syscalls.write(descriptor, path, bytes.span.bytes)
    }

    /// Written under a hidden name, then moved in whole.
    func drop(_ text: String, into folder: FilePath, as name: String) throws {
        let temporary = folder.appending(".\(name).tmp")
        try write(text, to: temporary)
        try Syscalls.rename(temporary, to: folder.appending(name))
    }

    static func text(_ path: FilePath) -> String {
        guard let data = FileManager.default.contents(atPath: path.string) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    static func exists(_ path: FilePath) -> Bool {
        (try? Syscalls.stat(path)) ?? nil != nil
    }

    static func names(in folder: FilePath) -> [String] {
        ((try? DirectoryScan.entries(of: folder)) ?? []).map(\.name.string)
    }
}

/// Waits until the condition holds; false when it does not within the time, which is generous,
/// because a busy machine is slow, and costs nothing where the test succeeds. What the condition
/// throws counts as not yet.
func eventually(
    within seconds: Double = 60, _ condition: () async throws -> Bool
) async -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if (try? await condition()) == true { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return (try? await condition()) == true
}
