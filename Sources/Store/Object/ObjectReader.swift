// Reads an object file: footer first, then frames, unpacked ahead by the lanes and verified here.

import DurableIO
import Glibc
import SystemPackage

/// An open object file whose footer was checked.
final class ObjectReader {
    let path: FilePath
    let footer: ObjectFooter
    private let descriptor: FileDescriptor

    /// Opens an object file and reads its footer.
    /// - Throws: `ObjectFault` for a damaged file; the kernel's error for anything else, also when
    ///   there is no file.
    static func open(_ path: FilePath, _ digest: Digest) throws -> ObjectReader {
        let descriptor = try Syscalls.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        do {
            let status = try Syscalls.stat(descriptor, path)
            let footer = try readFooter(descriptor, path, status)
            guard footer.digest == digest else { throw ObjectFault.name(footer: footer.digest) }
            return ObjectReader(path: path, footer: footer, descriptor: descriptor)
        } catch {
            try? Syscalls.close(descriptor, path)
            throw error
        }
    }

    private init(path: FilePath, footer: ObjectFooter, descriptor: FileDescriptor) {
        self.path = path
        self.footer = footer
        self.descriptor = descriptor
    }

    private static func readFooter(
        _ descriptor: FileDescriptor, _ path: FilePath, _ status: FileStatus
    ) throws -> ObjectFooter {
        guard status.kind == .regular else {
            throw ObjectFault.unreadable(reason: "not a regular file")
        }
        let fileBytes = status.byteCount
        guard fileBytes >= ObjectFormat.footerBytesMin else {
            throw ObjectFault.tooShort(byteCount: fileBytes)
        }
        let tail = try readExactly(
            descriptor, path, at: fileBytes - ObjectFormat.tailBytes, ObjectFormat.tailBytes)
        let footerBytes = try ObjectFooter.footerBytes(tail: tail, fileBytes: fileBytes)
        let footer = try readExactly(
            descriptor, path, at: fileBytes - footerBytes, footerBytes)
        return try ObjectFooter(parsing: footer, fileBytes: fileBytes)
    }

    private static func readExactly(
        _ descriptor: FileDescriptor, _ path: FilePath, at offset: Int, _ byteCount: Int
    ) throws -> [UInt8] {
        let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            count = try unsafe Syscalls.read(
                descriptor, path, at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard bytes.count == byteCount else { throw ObjectFault.tooShort(byteCount: bytes.count) }
        return bytes
    }

    /// Lends the raw bytes of frames, in order and each verified by its own checksum.
    ///
    /// Over all frames, the whole content is verified against the digest as well; `body` has seen
    /// the bytes by then, so a caller acts on them only when this returned no fault.
    /// - Parameter frames: Default: all.
    /// - Returns: The fault met, if any.
    /// - Throws: What `body` throws, or the kernel, but for a disk that cannot read (a fault).
    func read(
        frames: Range<Int>? = nil, lanes: FrameLanes, _ body: (RawSpan) throws -> Void
    ) throws -> ObjectFault? {
        let range = frames ?? 0..<footer.frames.count
        var hasher = Digest.Hasher()
        var slots: [FrameSlot] = []
        // A small object does not need buffers of a whole frame.
        let isSmall = footer.rawBytes < ObjectFormat.frameBytes
        var started = range.lowerBound
        var offset = footer.frames[..<started].reduce(0) { $0 + Int($1) }
        for index in range {
            while started < range.upperBound, started - index < lanes.slotCount {
                if slots.count < lanes.slotCount {
                    slots.append(
                        isSmall ? FrameSlot(rawBytesMax: footer.rawBytes) : lanes.takeSlot())
                }
                let slot = slots[(started - range.lowerBound) % lanes.slotCount]
                if let fault = try load(frame: started, at: offset, into: slot) { return fault }
                offset += Int(footer.frames[started])
                slot.startUnpacking(
                    started, on: lanes, filter: footer.filter,
                    rawBytes: footer.rawBytes(ofFrame: started))
                started += 1
            }
            let slot = slots[(index - range.lowerBound) % lanes.slotCount]
            if let reason = slot.wait() { return .frame(index: index, reason: reason) }
            let bytes = unsafe slot.raw.filled
            if frames == nil { unsafe hasher.update(bytes.bytes) }
            try unsafe body(bytes.bytes)
        }
        if !isSmall { lanes.giveBack(slots) }
        guard frames == nil else { return nil }
        let found = hasher.finalize()
        return found == footer.digest ? nil : .content(found: found)
    }

    /// Reads a packed frame from the file.
    private func load(
        frame index: Int, at offset: Int, into slot: FrameSlot
    ) throws(SystemCallError) -> ObjectFault? {
        let byteCount = Int(footer.frames[index])
        guard byteCount <= slot.packed.capacity else {
            return .frame(index: index, reason: "\(byteCount) bytes are more than any frame has")
        }
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: slot.packed.all[..<byteCount])
        do throws(SystemCallError) {
            slot.packed.count = try unsafe Syscalls.read(
                descriptor, path, at: offset, into: target)
        } catch {
            guard error.meansDamage else { throw error }
            return .unreadable(reason: error.description)
        }
        if slot.packed.count == byteCount { return nil }
        return .frame(index: index, reason: "the file ends inside it")
    }

    deinit { try? Syscalls.close(descriptor, path) }
}
