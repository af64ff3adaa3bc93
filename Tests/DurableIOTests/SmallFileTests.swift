// Files read whole: what a person named and what is ours, those that say no size, disks that fail.

import DurableIO
import Failures
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite struct SmallFileTests {
    @Test("a link is followed where a person named it, and its file is held to the limit")
    func links() throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("file")
        let link = folder.path.appending("link")
        try write("0123456789", to: file)
        try #require(unsafe symlink(file.string, link.string) == 0)
        #expect(try SmallFile.read(following: link, bytesMax: 10) == Array("0123456789".utf8))
        let error = #expect(throws: SmallFile.TooLarge.self) {
            try SmallFile.read(following: link, bytesMax: 9)
        }
        #expect(error?.byteCount == 10)
        #expect(throws: SystemCallError(.open, link, .tooManySymbolicLinkLevels)) {
            try SmallFile.read(link, bytesMax: 10)
        }
    }

    @Test("a folder is told as one, however small the limit")
    func folder() throws {
        let folder = try TemporaryFolder()
        for read in [SmallFile.read(following:bytesMax:), SmallFile.read(_:bytesMax:)] {
            #expect(throws: SystemCallError(.read, folder.path, .isDirectory)) {
                try read(folder.path, 0)
            }
        }
    }

    @Test("files that say they are empty are read to their end, under the limit")
    func unsized() throws {
        let bytes = try SmallFile.read("/proc/self/stat", bytesMax: 4_096)
        #expect(bytes.starts(with: Array("\(getpid()) ".utf8)))
        for read in [SmallFile.read(following:bytesMax:), SmallFile.read(_:bytesMax:)] {
            let error = #expect(throws: SmallFile.TooLarge.self) {
                try read("/dev/zero", 200_000)
            }
            #expect((200_001...300_000).contains(error?.byteCount ?? 0))
            #expect(try read("/dev/null", 0) == [])
        }
    }

    @Test("a pipe that a person named is read to its end, in more than one piece")
    func pipe() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("pipe")
        try #require(unsafe mkfifo(path.string, 0o600) == 0)
        let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
        Thread.detachNewThread {
            guard let writer = try? Syscalls.open(path, O_WRONLY) else { return }
            try? unsafe Syscalls.write(writer, path, sent.span.bytes)
            try? Syscalls.close(writer, path)
        }
        #expect(try SmallFile.read(following: path, bytesMax: sent.count) == sent)
        // Nobody writes into it any more: what is ours is not waited for.
        #expect(try SmallFile.read(path, bytesMax: 10) == [])
    }

    @Test("where others write, a pipe is not waited for, and a link leads nowhere else")
    func regular() throws {
        let folder = try TemporaryFolder()
        let fence = folder.path.appending("fence")
        try Syscalls.mkdir(fence)
        try write("0123456789", to: fence.appending("file"))
        try write("secret", to: folder.path.appending("beside"))
        for (name, target) in [("in", "file"), ("out", "../beside"), ("zeros", "/dev/zero")] {
            try #require(unsafe symlink(target, fence.appending(name).string) == 0)
        }
        try #require(unsafe mkfifo(fence.appending("pipe").string, 0o600) == 0)
        func read(_ name: String, bytesMax: Int = 10) throws -> [UInt8] {
            try SmallFile.read(regular: fence.appending(name), below: fence, bytesMax: bytesMax)
        }
        for name in ["file", "in"] { #expect(try read(name) == Array("0123456789".utf8)) }
        #expect(throws: SmallFile.TooLarge.self) { try read("in", bytesMax: 9) }
        // Were the pipe waited for, the test would not end: nobody writes.
        for (name, errno) in [("pipe", Errno.invalidArgument), ("zeros", .invalidArgument)] {
            let path = fence.appending(name)
            #expect(throws: SystemCallError(.open, path, errno)) { try read(name) }
        }
        let out = fence.appending("out")
        #expect(throws: SystemCallError(.open, out, .permissionDenied)) { try read("out") }
        // Neither is a folder elsewhere listed.
        let up = fence.appending("up")
        try #require(unsafe symlink("..", up.string) == 0)
        #expect(throws: SystemCallError(.open, up, .permissionDenied)) {
            try DirectoryScan.entries(of: up, below: fence)
        }
        #expect(
            try DirectoryScan.entries(of: fence, below: fence)
                == DirectoryScan.entries(of: fence))
    }

    @Test("a folder is refused, and a disk that fails may be better next time")
    func failures() throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("file")
        try write("0123456789", to: file)
        for read in [SmallFile.read(following:bytesMax:), SmallFile.read(_:bytesMax:)] {
            #expect(throws: SystemCallError(.read, folder.path, .isDirectory)) {
                try read(folder.path, 1 << 20)
            }
            for path: FilePath in [file, "/proc/self/stat"] {
                let error = #expect(throws: SystemCallError.self) {
                    try FaultPlan.$current.withValue(
                        FaultPlan(.error(.ioError), atCall: 1, among: [.read])
                    ) { try read(path, 1 << 20) }
                }
                #expect(error?.failureClass == .transient)
            }
        }
    }
}
