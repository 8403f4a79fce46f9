import { _t } from "@web/core/l10n/translation";

/** Why the browser gave no position, in words that say what to do. */
export function explain(error) {
    const reasons = {
        1: _t("The browser may not read your position. Allow it in the settings of this page."),
        2: _t("Your position cannot be found right now."),
        3: _t("Finding your position took too long."),
    };
    return reasons[error?.code] || _t("This browser does not tell positions.");
}

/**
 * Ask the browser for the present position.
 *
 * @returns {Promise<{latitude: number, longitude: number, accuracy: number}>}
 * @throws {Error} with a message for the user
 */
export function readPosition() {
    return new Promise((resolve, reject) => {
        if (!navigator.geolocation) {
            reject(new Error(explain()));
            return;
        }
        navigator.geolocation.getCurrentPosition(
            ({ coords }) =>
                resolve({
                    latitude: coords.latitude,
                    longitude: coords.longitude,
                    accuracy: coords.accuracy || 0,
                }),
            (error) => reject(new Error(explain(error))),
            { enableHighAccuracy: true, timeout: 10000, maximumAge: 0 }
        );
    });
}
