// Turns a stream of raw bytes into an object file: hashes here while lanes pack earlier frames.

package import DurableIO

/// Takes the bytes of one object, in order. Made by `ContentStore.put`.
package struct ObjectWriter: ~Copyable {
    /// The object file, named by `ContentStore` once `finish` has sealed it.
    var file: DurableFile
    private let lanes: FrameLanes
    /// Bytes per element of the array in the object, 1 if it is no array.
    private let elementBytes: Int
    private var hasher = Digest.Hasher()
    private var slots: [FrameSlot] = []
    private var frames: [UInt32] = []
    /// Index of the frame being filled; earlier ones down to `frames.count` are being packed.
    private var current = 0
    private var rawBytes = 0
    private var encoding: ObjectEncoding?

    init(file: consuming DurableFile, lanes: FrameLanes, elementBytes: Int) {
        self.file = file
        self.lanes = lanes
        self.elementBytes = elementBytes
    }

    /// Raw bytes taken so far.
    package var byteCount: Int { rawBytes }

    /// Appends all of `bytes`.
    package mutating func write(_ bytes: RawSpan) throws(SystemCallError) {
        precondition(rawBytes + bytes.byteCount <= ObjectFormat.rawBytesMax, "object too large")
        rawBytes += bytes.byteCount
        var offset = 0
        while offset < bytes.byteCount {
            let slot = try slotForCurrent()
            let taken = slot.raw.append(bytes, from: offset)
            hasher.update(bytes.extracting(offset..<(offset + taken)))
            offset += taken
            if slot.raw.free == 0 { pack(slot) }
        }
    }

    /// Appends all of `bytes`.
    package mutating func write(_ bytes: [UInt8]) throws(SystemCallError) {
        try unsafe write(bytes.span.bytes)
    }

    /// Writes what is left and the footer, and makes the file durable under its temporary name.
    mutating func finish() throws(SystemCallError) -> ObjectFooter {
        if rawBytes > current * ObjectFormat.frameBytes { pack(try slotForCurrent()) }
        while frames.count < current { try drainOldest() }
        lanes.giveBack(slots)
        slots = []
        let footer = ObjectFooter(
            digest: hasher.finalize(), rawBytes: rawBytes, filter: encoding?.filter ?? .none,
            frames: frames)
        try file.write(footer.encoded)
        // Whoever may read objects could read other people's texts back from them.
        try file.seal(permissions: 0o400)
        return footer
    }

    /// The slot of the frame being filled, emptied if it carried an earlier one.
    private mutating func slotForCurrent() throws(SystemCallError) -> FrameSlot {
        if current - frames.count == lanes.slotCount { try drainOldest() }
        if slots.count <= current, slots.count < lanes.slotCount {
            slots.append(lanes.takeSlot())
        }
        return slots[current % lanes.slotCount]
    }

    private mutating func pack(_ slot: FrameSlot) {
        let encoding = encoding ?? ObjectEncoding(sampling: slot.raw, elementBytes: elementBytes)
        self.encoding = encoding
        slot.startPacking(current, on: lanes, filter: encoding.filter, level: encoding.level)
        current += 1
    }

    /// Waits for the oldest frame on its way and writes it.
    private mutating func drainOldest() throws(SystemCallError) {
        let slot = slots[frames.count % lanes.slotCount]
        if let failure = slot.wait() {
            // A frame buffer of compressBound bytes and valid parameters: libzstd cannot fail here.
            preconditionFailure("zstd could not pack a frame: \(failure)")
        }
        frames.append(UInt32(slot.packed.count))
        slot.raw.count = 0
        try slot.packed.withBytes { (bytes) throws(SystemCallError) in try file.write(bytes) }
    }
}
