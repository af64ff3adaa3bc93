// Putting and reading objects, and what happens to a damaged one.

import DurableIO
import Failures
package import SystemPackage

extension ContentStore {
    /// Stores what `body` writes. When this returns, the object is durable.
    ///
    /// Storing bytes that are there already costs their hashing and packing, and writes nothing.
    /// - Parameter elementBytes: Bytes per element of the number array in the object: 2 or 4 let
    ///   the store split it into byte planes where a sample says that it shrinks. Default: none.
    /// - Throws: What `body` throws; `StoreError` if the disk refuses. Nothing is left behind.
    package func put(
        elementBytes: Int = 1, _ body: (inout ObjectWriter) throws -> Void
    ) throws -> StoredObject {
        try translating { try putObject(elementBytes: elementBytes, body) }
    }

    private func putObject(
        elementBytes: Int, _ body: (inout ObjectWriter) throws -> Void
    ) throws -> StoredObject {
        var writer = ObjectWriter(
            file: try newFile(), lanes: lanes, elementBytes: elementBytes)
        try body(&writer)
        let footer = try writer.finish()
        let isNew = try publish(&writer.file, footer)
        return StoredObject(digest: footer.digest, byteCount: footer.rawBytes, isNew: isNew)
    }

    /// Stores `bytes`; see the streaming form.
    package func put(_ bytes: [UInt8], elementBytes: Int = 1) throws -> StoredObject {
        try put(elementBytes: elementBytes) { writer in try writer.write(bytes) }
    }

    /// Bytes that `put` holds at most beside the object's own: for each frame on its way its raw
    /// bytes, their planes, the packed bytes, and about as much again for zstd's tables.
    /// - Parameter byteCount: Raw bytes of the object.
    package func packingBytes(of byteCount: Int) -> Int {
        4 * min(byteCount, lanes.slotCount * ObjectFormat.frameBytes)
    }

    /// Gives a sealed object file its name, unless a sound one has it.
    /// - Returns: Whether it was given.
    private func publish(_ file: inout DurableFile, _ footer: ObjectFooter) throws -> Bool {
        let target = layout.object(footer.digest)
        let folder = target.removingLastComponent()
        // A damaged one is quarantined by this look, and ours takes its place.
        let isKnown = try info(of: footer.digest)?.rawBytes == footer.rawBytes
        if isKnown, try touchObject(target) {
            // Whoever named it may have died before this.
            try Syscalls.syncFolder(folder)
            return false
        }
        try whileNothingIsRemoved {
            try file.rename(to: target)
            // The file is as old as its last write. If it took the place of one that was put, and
            // named, since we looked, a collector must not find the age it saw before the naming.
            try Syscalls.touch(target)
        }
        try Syscalls.syncFolder(folder)
        return true
    }

    /// Marks an object as used now, so that garbage collection leaves it to the action that will
    /// name it.
    /// - Returns: False if it is gone, or somebody else's: then ours takes its place.
    private func touchObject(_ path: FilePath) throws -> Bool {
        try whileNothingIsRemoved {
            guard try Syscalls.stat(path) != nil else { return false }
            return try touchOwn(path)
        }
    }

    /// What the footer of an object says, without reading its content.
    ///
    /// A file whose footer or size is wrong is quarantined.
    /// - Returns: Nil for a miss.
    package func info(of digest: Digest) throws -> ObjectFooter? {
        try open(digest) { reader in reader.footer }.value
    }

    /// Lends the raw bytes of an object piece by piece, in order.
    ///
    /// Each piece was verified by its checksum, the whole is verified at the end: act on what
    /// `body` saw only when this returns `.found`.
    package func read(
        _ digest: Digest, _ body: (RawSpan) throws -> Void
    ) throws -> Fetched<ObjectFooter> {
        try open(digest) { reader in
            if let fault = try reader.read(lanes: lanes, body) { throw Met(fault: fault) }
            return reader.footer
        }
    }

    /// The raw bytes of an object, verified whole.
    /// - Parameter bytesMax: Larger objects throw `StoreError.objectTooLarge`.
    package func bytes(of digest: Digest, bytesMax: Int = 1 << 34) throws -> Fetched<[UInt8]> {
        var bytes: [UInt8] = []
        let fetched = try open(digest) { reader in
            let rawBytes = reader.footer.rawBytes
            guard rawBytes <= bytesMax else {
                throw StoreError.objectTooLarge(
                    digest: digest, byteCount: rawBytes, bytesMax: bytesMax)
            }
            bytes.reserveCapacity(rawBytes)
            let fault = try reader.read(lanes: lanes) { piece in
                unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
            }
            if let fault { throw Met(fault: fault) }
        }
        return switch fetched {
        case .found: .found(bytes)
        case .missing: .missing
        case .damaged(let damage): .damaged(damage)
        }
    }

    /// A part of the raw bytes, from the frames that hold it; verified by their checksums alone.
    /// - Parameter range: Lies inside the object.
    package func bytes(of digest: Digest, in range: Range<Int>) throws -> Fetched<[UInt8]> {
        try open(digest) { reader in
            precondition(
                range.lowerBound >= 0 && range.upperBound <= reader.footer.rawBytes,
                "a range lies inside its object")
            if range.isEmpty { return [] }
            let size = ObjectFormat.frameBytes
            let frames = (range.lowerBound / size)..<((range.upperBound - 1) / size + 1)
            var start = frames.lowerBound * size
            var bytes: [UInt8] = []
            let fault = try reader.read(frames: frames, lanes: lanes) { piece in
                let wanted = range.clamped(to: start..<(start + piece.byteCount))
                let part = piece.extracting(
                    (wanted.lowerBound - start)..<(wanted.upperBound - start))
                unsafe part.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
                start += piece.byteCount
            }
            if let fault { throw Met(fault: fault) }
            return bytes
        }
    }

    /// Writes the raw bytes of an object as an ordinary file, for programs that map it.
    ///
    /// The file appears, durable, only when the whole content was verified; it replaces what has
    /// the name.
    package func extract(_ digest: Digest, to target: FilePath) throws -> Fetched<ObjectFooter> {
        try translating { try extractFile(digest, to: target) }
    }

    private func extractFile(
        _ digest: Digest, to target: FilePath
    ) throws -> Fetched<ObjectFooter> {
        var file = try DurableFile.begin(beside: target)
        let fetched = try read(digest) { piece in try file.write(piece) }
        if case .found = fetched { try file.publish(as: target, permissions: 0o640) }
        return fetched
    }
}

// MARK: - Opening and quarantine

/// A fault met while reading, on its way out of a closure.
private struct Met: ClassifiedFailure {
    let fault: ObjectFault
    var failureClass: FailureClass { fault.failureClass }
}

extension SystemCallError {
    /// Whether it says that the disk cannot read the file, or that the name is no file of ours.
    var meansDamage: Bool {
        errno == .ioError || errno == .tooManySymbolicLinkLevels || errno == .isDirectory
    }
    /// Whether it says that the file belongs to somebody else, or is a folder: none of ours.
    var isForbidden: Bool {
        errno == .permissionDenied || errno == .notPermitted || errno == .isDirectory
    }
    /// Whether it says that the file was removed on another machine, of a shared folder, before or
    /// while it was read: there is none, and nothing is damaged.
    var meansRemoved: Bool { errno == .staleNFSFileHandle }
}

extension ContentStore {
    /// Opens an object, runs `body` on it, and deals with damage met on the way.
    private func open<Value>(
        _ digest: Digest, _ body: (ObjectReader) throws -> Value
    ) throws -> Fetched<Value> {
        let path = layout.object(digest)
        return try translating {
            do {
                return try openObject(digest, body)
            } catch let error as SystemCallError where error.meansRemoved && error.path == path {
                return .missing
            }
        }
    }

    private func openObject<Value>(
        _ digest: Digest, _ body: (ObjectReader) throws -> Value
    ) throws -> Fetched<Value> {
        let path = layout.object(digest)
        // Known before the file is opened, so that a file put meanwhile is not taken for this one.
        let status = try Syscalls.stat(path)
        let reader: ObjectReader
        do {
            reader = try ObjectReader.open(path, digest)
        } catch let fault as ObjectFault {
            return .damaged(try quarantine(digest, fault, status))
        } catch let error as SystemCallError where error.isMissing {
            return .missing
        } catch let error as SystemCallError where countsAsDamage(error) {
            let fault = ObjectFault.unreadable(reason: error.description)
            return .damaged(try quarantine(digest, fault, status))
        }
        do {
            return .found(try body(reader))
        } catch let met as Met {
            return .damaged(try quarantine(digest, met.fault, status))
        }
    }

    /// Whether a file that met this error is set aside. What may not be read is nothing to its
    /// owner; who only looks has no business to say so.
    func countsAsDamage(_ error: SystemCallError) -> Bool {
        error.meansDamage || error.isForbidden && !isReadOnly
    }

    /// Drops the actions that promise a damaged object, then moves its file out of the way.
    ///
    /// In this order no action names an object that is gone, whenever the power fails. What lies
    /// in a folder of somebody else's stays where it is, and is a miss all the same.
    /// - Parameter status: Identity of the file that was read: if the name stands for another file
    ///   by now, that one was put after the damage was met, and stays.
    func quarantine(
        _ digest: Digest, _ fault: ObjectFault, _ status: FileStatus?
    ) throws -> Damage {
        let untouched = Damage(
            digest: digest, fault: fault, quarantined: nil, droppedActions: [])
        if isReadOnly { return untouched }
        do {
            return try whileRemoving { try moveAside(digest, fault, status) }
        } catch let error as SystemCallError where error.isForbidden {
            return untouched
        }
    }

    private func moveAside(
        _ digest: Digest, _ fault: ObjectFault, _ status: FileStatus?
    ) throws -> Damage {
        let path = layout.object(digest)
        let current = try Syscalls.stat(path)
        guard let current, status.map({ $0.isSameFile(as: current) }) ?? true else {
            return Damage(digest: digest, fault: fault, quarantined: nil, droppedActions: [])
        }
        let dropped = try dropActions(naming: digest)
        // An earlier damaged file of this object makes way: its content was worth no more.
        let target = layout.quarantine.appending(digest.hex + StoreLayout.objectSuffix)
        let isMoved = try renameIfThere(path, to: target)
        try Syscalls.syncFolder(layout.quarantine)
        try Syscalls.syncFolder(path.removingLastComponent())
        return Damage(
            digest: digest, fault: fault, quarantined: isMoved ? target : nil,
            droppedActions: dropped)
    }

    /// - Returns: False if somebody removed `path` by hand.
    private func renameIfThere(
        _ path: FilePath, to target: FilePath
    ) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try Syscalls.rename(path, to: target)
            return true
        } catch {
            guard error.isMissing else { throw error }
            return false
        }
    }
}
