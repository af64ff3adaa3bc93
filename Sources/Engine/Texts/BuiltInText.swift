// The texts that the program carries; see `Offer.builtInTexts` for what they are.

import BuiltInTexts

enum BuiltInText {
    /// The bytes of the text at `layerfold:NAME`; nil where the path names a file. Not all of them
    /// are offered to manifests.
    static func bytes(_ path: String) -> [UInt8]? {
        var count = 0
        switch path {
        case "layerfold:calibration.jsonl":
            return unsafe Array(
                UnsafeBufferPointer(start: built_in_calibration(&count), count: count))
        case "layerfold:heldout.txt":
            return unsafe Array(UnsafeBufferPointer(start: built_in_heldout(&count), count: count))
        case "layerfold:calibration-prompts.jsonl":
            return unsafe Array(
                UnsafeBufferPointer(start: built_in_calibration_prompts(&count), count: count))
        case "layerfold:calibration-openings.jsonl":
            return unsafe Array(
                UnsafeBufferPointer(start: built_in_calibration_openings(&count), count: count))
        case "layerfold:generation-prompts.jsonl":
            return unsafe Array(
                UnsafeBufferPointer(start: built_in_generation_prompts(&count), count: count))
        default: return nil
        }
    }
}
