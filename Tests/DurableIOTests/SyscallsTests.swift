// The wrappers, where they do more than pass a call on.

import DurableIO
import Glibc
import SystemPackage
import Testing

@Suite struct SyscallsTests {
    @Test("a lock excludes a second holder until the first lets go")
    func locks() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("lock")
        do {
            let first = try FileLock.acquire(path)
            let second = try FileLock.acquire(path)
            let (isFirst, isSecond) = (first != nil, second != nil)
            #expect(isFirst)
            #expect(!isSecond)
            #expect(FileLock.holder(of: path) == getpid())
        }
        let third = try FileLock.acquire(path)
        let isThird = third != nil
        #expect(isThird)
    }

    @Test("a listing is sorted and knows files, folders and links")
    func listing() throws {
        let folder = try TemporaryFolder()
        for name in ["b", "a", ".hidden", "é", "B"] {
            try write("", to: folder.path.appending(name))
        }
        try Syscalls.mkdir(folder.path.appending("c"))
        _ = unsafe symlink("a", folder.path.appending("d").string)
        let entries = try DirectoryScan.entries(of: folder.path)
        #expect(entries.map(\.name.string) == [".hidden", "B", "a", "b", "c", "d", "é"])
        #expect(
            entries.map(\.kind) == [
                .regular, .regular, .regular, .regular, .folder, .symbolicLink, .regular,
            ])
    }

    @Test("a read stops at the end of the file and not before")
    func reads() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("x")
        try write("0123456789", to: path)
        let descriptor = try Syscalls.open(path, O_RDONLY)
        defer { _ = close(descriptor.rawValue) }
        var buffer = [UInt8](repeating: 0, count: 8)
        let count = try unsafe buffer.withUnsafeMutableBytes {
            try unsafe Syscalls.read(descriptor, path, at: 4, into: $0)
        }
        #expect(buffer.prefix(count).elementsEqual(Array("456789".utf8)))
    }

    @Test("bytes are copied between files inside the kernel")
    func copies() throws {
        let folder = try TemporaryFolder()
        let (from, to) = (folder.path.appending("a"), folder.path.appending("b"))
        try write("0123456789", to: from)
        let source = try Syscalls.open(from, O_RDONLY)
        let target = try Syscalls.open(to, O_RDWR | O_CREAT, mode: 0o600)
        try Syscalls.allocate(target, to, byteCount: 20)
        #expect(try Syscalls.stat(target, to).byteCount == 20)
        let count = try Syscalls.copyRange(
            from: source, at: 2, to: target, at: 5, byteCount: 100, to)
        #expect(count == 8)
        #expect(try SmallFile.read(to, bytesMax: 20)[5..<13].elementsEqual(Array("23456789".utf8)))
        try Syscalls.close(source, from)
        try Syscalls.close(target, to)
    }

    @Test("a small file over the limit is refused before it is read")
    func tooLarge() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("x")
        try write("0123456789", to: path)
        #expect(try SmallFile.read(path, bytesMax: 10).count == 10)
        let error = #expect(throws: SmallFile.TooLarge.self) {
            try SmallFile.read(path, bytesMax: 9)
        }
        #expect(error?.description == "`\(path)` holds more than the 9 bytes allowed here")
    }

    @Test("a symbolic link is not followed, a missing file is told by name")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let link = folder.path.appending("link")
        _ = unsafe symlink("/etc/hostname", link.string)
        let refused = #expect(throws: SystemCallError.self) {
            try SmallFile.read(link, bytesMax: 9999)
        }
        #expect(refused?.errno == .tooManySymbolicLinkLevels)
        let missing = folder.path.appending("none")
        let error = #expect(throws: SystemCallError.self) {
            try SmallFile.read(missing, bytesMax: 9)
        }
        #expect(
            error?.description == "open failed on `\(missing)`: No such file or directory; "
                + "create it, or correct the path")
        #expect(try Syscalls.stat(missing) == nil)
    }

    @Test("free space is known and smaller than the disk")
    func space() throws {
        let space = try DiskSpace(at: "/tmp")
        #expect(space.freeBytes > 0)
        #expect(space.freeBytes < space.totalBytes)
    }

    @Test("folders are made with their parents, also when they are there")
    func folders() throws {
        let folder = try TemporaryFolder()
        let deep = folder.path.appending("a").appending("b").appending("c")
        try Syscalls.makeFolders(deep)
        try Syscalls.makeFolders(deep)
        #expect(try Syscalls.stat(deep)?.kind == .folder)
    }

    @Test("an exclusive rename never replaces")
    func exclusiveRename() throws {
        let folder = try TemporaryFolder()
        let (from, to) = (folder.path.appending("a"), folder.path.appending("b"))
        try write("a", to: from)
        try write("b", to: to)
        let error = #expect(throws: SystemCallError.self) {
            try Syscalls.renameExclusively(from, to: to)
        }
        #expect(error?.errno == .fileExists)
        // A file system that does not know the flag takes the other way, with the same promise.
        let plan = FaultPlan(.error(.invalidArgument), atCall: 1, among: [.rename])
        FaultPlan.$current.withValue(plan) {
            let refused = #expect(throws: SystemCallError.self) {
                try Syscalls.renameExclusively(from, to: to)
            }
            #expect(refused?.errno == .fileExists)
        }
        try Syscalls.unlink(to)
        let second = FaultPlan(.error(.invalidArgument), atCall: 1, among: [.rename])
        try FaultPlan.$current.withValue(second) { try Syscalls.renameExclusively(from, to: to) }
        #expect(try folder.names == ["b"])
        #expect(try read(to) == "a")
    }

    /// Makes a folder with a file in it, which says what it is.
    private func makeFolder(_ path: FilePath, _ text: String) throws {
        try Syscalls.mkdir(path)
        try write(text, to: path.appending("x"))
    }

    /// Moves `a` to `b` where the kernel knows no exclusive rename.
    private func move(in folder: TemporaryFolder, _ plan: FaultPlan) -> SystemCallError? {
        let (from, to) = (folder.path.appending("a"), folder.path.appending("b"))
        do {
            try FaultPlan.$current.withValue(plan) {
                try Syscalls.renameExclusively(from, to: to)
            }
            return nil
        } catch {
            return error as? SystemCallError ?? SystemCallError(.rename, to, .ioError)
        }
    }

    @Test("a folder is renamed where no rename is exclusive, and never over another")
    func exclusiveFolderRename() throws {
        let folder = try TemporaryFolder()
        let (from, to) = (folder.path.appending("a"), folder.path.appending("b"))
        try makeFolder(from, "a")
        let plan = FaultPlan(.error(.invalidArgument), atCall: 1, among: [.rename])
        #expect(move(in: folder, plan) == nil)
        #expect(plan.hasFired)
        #expect(try folder.names == ["b"])
        #expect(try read(to.appending("x")) == "a")
        // An empty folder, which a plain rename would replace, a full one, and a file.
        try Syscalls.mkdir(from)
        #expect(move(in: folder, FaultPlan(hasExclusiveRenames: false))?.errno == .fileExists)
        #expect(try read(to.appending("x")) == "a")
        #expect(try folder.names == ["a", "b"])
        try Syscalls.rmdir(from)
        try Syscalls.rename(to, to: from)
        try Syscalls.mkdir(to)
        #expect(move(in: folder, FaultPlan(hasExclusiveRenames: false))?.errno == .fileExists)
        #expect(try Syscalls.stat(to.appending("x")) == nil)
        #expect(try read(from.appending("x")) == "a")
        try Syscalls.rmdir(to)
        try write("b", to: to)
        #expect(move(in: folder, FaultPlan(hasExclusiveRenames: false))?.errno == .fileExists)
        #expect(try read(to) == "b")
        #expect(try read(from.appending("x")) == "a")
    }

    @Test("a folder that is filled between look and rename counts as a name that is taken")
    func folderTakenMeanwhile() throws {
        let folder = try TemporaryFolder()
        try makeFolder(folder.path.appending("a"), "a")
        let plan = FaultPlan(
            .error(.directoryNotEmpty), atCall: 1, among: [.rename], hasExclusiveRenames: false)
        #expect(move(in: folder, plan)?.errno == .fileExists)
        #expect(try folder.names == ["a"])
    }

    @Test("a folder's rename whose answer was lost is done, and one that was not is not")
    func lostFolderRename() throws {
        for (fault, isDone) in [
            (FaultPlan.Fault.lostAnswer(.noSuchFileOrDirectory), true),
            (.error(.noSuchFileOrDirectory), false),
        ] {
            let folder = try TemporaryFolder()
            try makeFolder(folder.path.appending("a"), "a")
            let plan = FaultPlan(fault, atCall: 1, among: [.rename], hasExclusiveRenames: false)
            let error = move(in: folder, plan)
            #expect(plan.hasFired)
            #expect((error == nil) == isDone, "\(fault)")
            #expect(try folder.names == (isDone ? ["b"] : ["a"]))
        }
    }
}
