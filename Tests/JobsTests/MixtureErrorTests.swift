// What a manifest may not say of calibration sets that are mixed, or written by the model.

extension BadManifest {
    private static func mixture(_ parts: String) -> String {
        "version: 1\nname: j\nmodel: m\ncalibration:\n  dataset: mixture\n  parts: \(parts)\n"
            + "compress:\n- {method: mka, ratios: [0.5]}\n"
    }

    static let mixtures = [
        BadManifest(
            "shares that are no shares",
            mixture("[{share: 0.5, dataset: self}, {share: 0.6, dataset: text, path: t}]"), at: 6,
            10, "calibration.parts", says: "these make 1.1"),
        BadManifest(
            "a part without a share", mixture("[{dataset: self}]"), at: 6, 11,
            "calibration.parts[0]", says: "`share` is missing"),
        BadManifest(
            "a share of nothing", mixture("[{share: 0, dataset: self}]"), at: 6, 19,
            "calibration.parts[0].share", says: "out of range"),
        BadManifest(
            "no parts", mixture("[]"), at: 6, 10, "calibration.parts", says: "these make 0"),
        BadManifest(
            "a mixture in a mixture", mixture("[{share: 1, dataset: mixture, parts: []}]"), at: 6,
            31, "calibration.parts[0].dataset", says: "unknown data set"),
        BadManifest(
            "a path of what is not read from disk",
            "version: 1\nname: j\nmodel: m\ncalibration: {dataset: self, path: t}\n"
                + "compress:\n- {method: mka, ratios: [0.5]}\n", at: 4, 30, "calibration.path",
            says: "unknown key"),
        BadManifest(
            "a share outside a mixture",
            "version: 1\nname: j\nmodel: m\ncalibration: {dataset: self, share: 1}\n"
                + "compress:\n- {method: mka, ratios: [0.5]}\n", at: 4, 30, "calibration.share",
            says: "unknown key"),
    ]
}
