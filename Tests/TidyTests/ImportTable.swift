// Who may import whom: the target graph of docs/ARCHITECTURE.md, and the folders inside Engine.

import Foundation

enum ImportTable {
    /// Modules of ours, and of packages that only some may use, by target.
    static let allowed: [String: Set<String>] = [
        "Failures": ["Foundation", "Glibc"],
        "Catalogue": [],
        "TensorMath": ["Failures", "Kernels", "CBLAS", "COneDNN", "COpenMP", "Synchronization"],
        "DurableIO": ["Failures", "SystemPackage", "Glibc", "Synchronization"],
        "Jobs": ["Failures", "Catalogue", "Foundation", "Yams"],
        "Store": [
            "Failures", "DurableIO", "CZstd", "Crypto", "GRDB", "SystemPackage", "Dispatch",
            "Glibc",
            "Synchronization",
        ],
        "Publication": ["DurableIO", "SystemPackage", "Glibc"],
        "Engine": [
            "Failures", "TensorMath", "DurableIO", "Catalogue", "CPCRE2", "OrderedCollections",
            "SystemPackage", "Foundation", "Glibc", "Synchronization",
        ],
        "Runner": [
            "Failures", "Publication", "Engine", "Store", "Jobs", "Catalogue", "DurableIO",
            "TensorMath",
            "SystemPackage", "Foundation", "Glibc", "Synchronization",
        ],
        "Daemon": [
            "Failures", "Publication", "Jobs", "Store", "DurableIO", "Catalogue", "FlyingFox",
            "FlyingSocks",
            "Logging",
            "ServiceLifecycle", "Subprocess", "SystemPackage", "UnixSignals", "Dispatch",
            "Foundation", "Glibc", "Synchronization",
        ],
        "layerfoldd": [
            "Daemon", "Jobs", "ArgumentParser", "Logging", "SystemPackage", "Foundation", "Glibc",
        ],
        "layerfold": [
            "Failures", "Runner", "Engine", "Store", "Jobs", "Catalogue", "DurableIO", "TensorMath",
            "ArgumentParser", "SystemPackage", "Foundation", "Glibc", "Synchronization",
        ],
    ]

    /// Imports of a file that its target's row does not name.
    static func violations(_ file: SourceFile) -> [String] {
        guard file.isIn("Sources"), file.hasEnding("swift"), let target = file.target else {
            return []
        }
        guard let row = allowed[target] else { return ["target \(target) has no row"] }
        return imports(of: file).filter { !row.contains($0) }
    }

    static func imports(of file: SourceFile) -> [String] {
        CodeText.code(of: file.text).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"),
                words[..<place].allSatisfy({
                    ["package", "public", "internal", "private", "@preconcurrency"].contains($0)
                }), let module = words.last
            else { return nil }
            return String(module.prefix { $0 != "." })
        }
    }

    /// Folders of Engine that stand alone, and types of other folders that they must not name.
    static let lowerFolders = ["Checkpoint", "Tokenizer", "Similarity", "Manifold"]
    static let upperTypes = [
        "ModelBlueprint", "LayerBlueprint", "ForwardPass", "ModelWeights", "Architectures",
        "ModelError", "PackedSequences", "FoldPlan", "FoldedCheckpoint", "TensorRecipe",
        "PairwiseMerging", "Planner", "Perplexity", "CalibrationSet", "RunReport", "HTMLReport",
        "ReportValue",
    ]

    /// Types of other folders that a low folder of Engine names.
    static func reaches(_ file: SourceFile) -> [String] {
        guard file.target == "Engine", let folder = file.folder, lowerFolders.contains(folder)
        else { return [] }
        let words = Set(
            CodeText.code(of: file.text).split { !$0.isLetter && !$0.isNumber }.map(String.init))
        return upperTypes.filter(words.contains)
    }
}
