// How a track is numbered on a link between two servers, and what each end makes of that. Pure.
#pragma once

#include <functional>
#include <vector>

#include "media/api/types.h"
#include "media/base/model.h"
#include "media/rtp/extension_map.h"

namespace media::api {

// Both ends of every link number their header extensions so: there is no negotiation.
rtp::ExtensionMap link_extensions();

// `next_ssrc` gives numbers that are not in use on the link.
LinkedTrack number_for_link(const PublishedSection& section,
                            const std::function<Ssrc()>& next_ssrc);
// The exporting end: one section per layer, each with its own slot.
std::vector<ReceiveSection> sending_sections(const LinkedTrack& track,
                                             const std::function<SlotId()>& next_slot);
// The importing end.
PublishedSection receiving_section(TrackId as, const LinkedTrack& track);

}  // namespace media::api
