// Files that appear together or not at all: written under temporary names, synced, then renamed all
// together.

package import Failures
package import SystemPackage

package enum FileBatchError: DiskFailure, Equatable, CustomStringConvertible {
    /// Its remedy says what to do, for a full disk among others.
    case system(SystemCallError)
    case spaceMissing(path: String, needed: Int, available: Int)
    case alreadyThere(path: String)
    case sourceEnded(path: String)
    case fileByteCount(path: String, expected: Int, found: Int)

    package var failureClass: FailureClass {
        switch self {
        case .system(let error): error.failureClass
        case .spaceMissing: .resource
        case .alreadyThere, .sourceEnded, .fileByteCount: .user
        }
    }

    /// Room that is missing before anything is written is no full disk: the job would find it
    /// missing again as soon as a little is free.
    package var isDiskFull: Bool {
        if case .system(let error) = self { error.isDiskFull } else { false }
    }

    package var description: String {
        switch self {
        case .system(let error):
            error.description
        case .spaceMissing(let path, let needed, let available):
            "\(path): writing needs \(needed) bytes, the disk has \(available) free; "
                + "free \(needed - available) bytes, then try again"
        case .alreadyThere(let path):
            "\(path): already there; write into an empty folder"
        case .sourceEnded(let path):
            "\(path): the file became shorter while it was copied; leave it alone until the job "
                + "ends, then try again"
        case .fileByteCount(let path, let expected, let found):
            "\(path): expected \(expected) bytes on disk, found \(found)"
        }
    }

    /// Runs system calls and wraps what they throw.
    static func wrapping<Value>(
        _ body: () throws(SystemCallError) -> Value
    ) throws(FileBatchError) -> Value {
        do throws(SystemCallError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }
}

/// A file as it was written.
package struct WrittenFile: Sendable, Equatable {
    package let name: String
    package let byteCount: Int

    package init(name: String, byteCount: Int) {
        self.name = name
        self.byteCount = byteCount
    }
}

/// Files of one folder, and of folders in it, that get their names together.
package final class FileBatch {
    private let folder: FilePath
    private var open: [OutputFile] = []
    private var finished: [OutputFile] = []
    private var published: [OutputFile] = []
    /// Files that are complete and that their readers have not read to the end, oldest first.
    private var reading: [OutputFile] = []
    /// Readers that may be behind: each holds a buffer and a descriptor.
    private static let readingMax = 4
    /// Folders that were made for files in them, outermost first.
    private var made: [FilePath] = []

    /// The files that have their names, in the order of `finish`.
    package var written: [WrittenFile] {
        published.map { WrittenFile(name: $0.name, byteCount: $0.byteCount) }
    }

    /// Checks that none of `names` is taken and that the disk takes `byteCount` bytes.
    package init(folder: FilePath, names: [String], byteCount: Int) throws(FileBatchError) {
        self.folder = folder
        let space = try FileBatchError.wrapping { () throws(SystemCallError) in
            try DiskSpace(at: folder)
        }
        for name in names {
            let path = folder.appending(name)
            let taken = try FileBatchError.wrapping { () throws(SystemCallError) in
                try Syscalls.stat(path)
            }
            if taken != nil { throw .alreadyThere(path: path.string) }
        }
        // Each file may waste most of a block; the folder itself may grow by one.
        let needed = byteCount + (names.count + 1) * Self.blockByteCount
        guard needed <= space.freeBytes else {
            throw .spaceMissing(
                path: folder.string, needed: needed, available: space.freeBytes)
        }
    }

    /// The usual block of a Linux file system.
    private static let blockByteCount = 4096

    /// Begins a file under a temporary name; one left there by a crash is removed.
    /// - Parameters:
    ///   - name: below the folder; missing folders are made.
    ///   - reader: gets the bytes while they are written; has got all of them before any file
    ///     of the batch has its name. Default: nobody.
    package func create(
        _ name: String, reader: (any ByteReader)? = nil
    ) throws(FileBatchError) -> OutputFile {
        let target = folder.appending(name)
        let home = target.removingLastComponent()
        try makeFolders(home)
        let path = home.appending(".\(target.lastComponent?.string ?? name).partial")
        do throws(SystemCallError) {
            // One left by a crash is of no use to anybody.
            try Syscalls.unlink(path)
        } catch {
            guard error.isMissing else { throw .system(error) }
        }
        let file = try OutputFile(name: name, path: path, reader: reader)
        open.append(file)
        return file
    }

    private func makeFolders(_ path: FilePath) throws(FileBatchError) {
        if path == folder { return }
        let there = try FileBatchError.wrapping { () throws(SystemCallError) in
            try Syscalls.stat(path)
        }
        if there != nil { return }
        try makeFolders(path.removingLastComponent())
        try FileBatchError.wrapping { () throws(SystemCallError) in try Syscalls.mkdir(path) }
        made.append(path)
    }

    /// Brings the file to disk under its temporary name; returns its size.
    package func finish(_ file: OutputFile, expected: Int) throws(FileBatchError) -> Int {
        let stored = try FileBatchError.wrapping { () throws(SystemCallError) in
            try Syscalls.stat(file.descriptor, file.path).byteCount
        }
        guard stored == expected, file.byteCount == expected else {
            throw .fileByteCount(path: file.path.string, expected: expected, found: stored)
        }
        file.follow()
        try FileBatchError.wrapping { () throws(SystemCallError) in
            try Syscalls.fsync(file.descriptor, file.path)
        }
        open.removeAll { $0 === file }
        reading.append(file)
        finished.append(file)
        try FileBatchError.wrapping { () throws(SystemCallError) in
            try Syscalls.close(file.descriptor, file.path)
        }
        try finishReading(but: Self.readingMax)
        return expected
    }

    /// Waits for the oldest readers until so many are left.
    private func finishReading(but count: Int) throws(FileBatchError) {
        while reading.count > count { try reading.removeFirst().follower?.finish() }
    }

    /// Gives every file its name, then makes the names durable.
    package func publish() throws(FileBatchError) {
        precondition(open.isEmpty, "every file is finished")
        try finishReading(but: 0)
        while let file = finished.first {
            try FileBatchError.wrapping { () throws(SystemCallError) in
                try Syscalls.renameExclusively(file.path, to: folder.appending(file.name))
            }
            published.append(finished.removeFirst())
        }
        for path in made.reversed() + [folder] {
            try FileBatchError.wrapping { () throws(SystemCallError) in
                try Syscalls.syncFolder(path)
            }
        }
    }

    /// Removes everything of this batch. What cannot be removed stays, under a temporary name or
    /// in a folder that its owner knows to be unfinished.
    package func discard() {
        for file in open + reading { file.follower?.stop() }
        for file in open { try? Syscalls.close(file.descriptor, file.path) }
        for file in open + finished { try? Syscalls.unlink(file.path) }
        for file in published { try? Syscalls.unlink(folder.appending(file.name)) }
        for path in made.reversed() { try? Syscalls.rmdir(path) }
        open = []
        reading = []
        finished = []
        published = []
        made = []
    }
}
